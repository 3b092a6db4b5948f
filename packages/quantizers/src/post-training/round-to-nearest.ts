/**
 * Naive post-training quantization: every weight rounded to the nearest level of its atom's grid, nothing retrained. The
 * baseline that every better method is measured against.
 */
import { dequantizeMatrix, NO_PART, type HostTensor, type PackedMatrix, type PackedSae } from "@qsae/runtime";
import { packMatrix, type Quantizer, type TensorOps } from "@qsae/core";
import { packMixed } from "../mixed/pack-mixed.ts";

export interface RoundingTargets {
  /** Absent: the encoder stays as it is. */
  readonly encoder?: Quantizer;
  /** Absent: the dictionary stays as it is. */
  readonly dictionary?: Quantizer;
}

/**
 * The same SAE with rounded matrices. Already quantized matrices are rounded from their decoded weights; rows that a mixed
 * one does not have stay dropped.
 */
export async function roundToNearest(
  ops: TensorOps,
  sae: PackedSae,
  { encoder, dictionary }: RoundingTargets,
): Promise<PackedSae> {
  const stages = [];
  for (const stage of sae.stages) {
    stages.push({
      ...stage,
      encoder: await round(ops, stage.encoder, encoder),
      dictionary: await round(ops, stage.dictionary, dictionary),
    });
  }
  return { ...sae, stages };
}

async function round(ops: TensorOps, matrix: PackedMatrix, quantizer: Quantizer | undefined): Promise<PackedMatrix> {
  if (!quantizer) return matrix;
  const weights: HostTensor = { shape: [matrix.rows, matrix.cols], data: dequantizeMatrix(matrix) };
  if (matrix.kind !== "mixed" || !matrix.partOfRow.includes(NO_PART)) return packMatrix(ops, quantizer, weights);
  const perRow = Array.from(matrix.partOfRow, (part) => (part === NO_PART ? undefined : quantizer));
  return packMixed(ops, weights, perRow);
}
