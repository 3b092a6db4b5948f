/**
 * What a packed SAE weighs: `8 * bytes of (codes + scales + tables) / number of quantized weights`. Biases, thresholds and
 * whatever else a file holds do not count here; 8 * file bytes / weights is another figure and is reported apart.
 */
import { planeRule } from "./dequantize.ts";
import type { CodeMatrix, PackedMatrix, PackedSae } from "./schema.ts";

export interface BitsPerWeight {
  /** Over all quantized matrices. */
  readonly total: number;
  /** Over the encoders of all stages. */
  readonly encoder: number;
  /** Over the dictionaries of all stages. */
  readonly dictionary: number;
}

const FLOAT_BITS = 32;

/** Bits per quantized weight, in all and per side. Float matrices do not count; where all are float the answer is 32. */
export function bitsPerWeight(sae: PackedSae): BitsPerWeight {
  const encoders = sae.stages.map((stage) => stage.encoder);
  const dictionaries = sae.stages.map((stage) => stage.dictionary);
  return {
    total: bitsOf([...encoders, ...dictionaries]),
    encoder: bitsOf(encoders),
    dictionary: bitsOf(dictionaries),
  };
}

function bitsOf(matrices: readonly PackedMatrix[]): number {
  let bytes = 0;
  let weights = 0;
  for (const matrix of matrices) {
    if (matrix.kind !== "codes") continue;
    bytes += codeMatrixBytes(matrix);
    weights += matrix.rows * matrix.cols;
  }
  return weights === 0 ? FLOAT_BITS : (8 * bytes) / weights;
}

function codeMatrixBytes(matrix: CodeMatrix): number {
  const rule = planeRule(matrix);
  let bytes = rule.kind === "table" ? 4 * rule.levels.length : 0;
  for (const { packed, scale, scaleDtype } of matrix.planes) {
    bytes += packed.length + scale.length * (scaleDtype === "F16" ? 2 : 4);
  }
  return bytes;
}
