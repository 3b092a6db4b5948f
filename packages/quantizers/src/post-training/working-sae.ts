/**
 * An SAE on its way from float to packed: the form that the post-training methods take and return. Everything lies in the
 * space of its stage (inputs scaled and rotated); matrices have one row per latent.
 */
import {
  dequantizeMatrix,
  UsageError,
  type CodeMatrix,
  type PackedMatrix,
  type PackedSae,
  type Selection,
} from "@qsae/runtime";
import { packMatrix, partsOf, type Quantizer, type TensorOps } from "@qsae/core";
import { decodeRow, rowsOfMatrix, type CodedRow, type CodedRows } from "./coded-rows.ts";
import { packRows } from "./pack-rows.ts";

export interface WorkingSae {
  readonly dIn: number;
  readonly dSae: number;
  /** `W_enc` transposed, `[d_sae, d_in]` */
  readonly encoder: WorkingMatrix;
  /** `[d_sae]` */
  readonly bEnc: Float32Array;
  /** `W_dec [d_sae, d_in]` */
  readonly dictionary: WorkingMatrix;
  /** `[d_in]` */
  readonly bDec: Float32Array;
  readonly subtractBDec: boolean;
  readonly selection: Selection;
  /** What it came from: everything that post-training leaves alone. */
  readonly origin: PackedSae;
}

/** - `trained-codes`: float weights whose codes still move in training, as `quantizer` rounds them at these scales */
export type WorkingMatrix =
  | { readonly kind: "float"; readonly rows: Float32Array }
  | { readonly kind: "codes"; readonly rows: CodedRows }
  | {
      readonly kind: "trained-codes";
      readonly rows: Float32Array;
      readonly quantizer: Quantizer;
      /** `[d_sae | 1, groups]` */
      readonly scale: { readonly shape: readonly number[]; readonly data: Float32Array };
    };

/**
 * @throws UsageError if the SAE has several stages: each is trained on what the ones before leave, so none can change alone;
 *   or one whose output is weighted
 */
export function workingSae(sae: PackedSae): WorkingSae {
  const [stage, second] = sae.stages;
  if (!stage || second) {
    throw new UsageError(
      `post-training: this SAE has ${sae.stages.length} stages, each trained on the residual of the one before; only SAEs of one stage can be quantized after training (method rtn takes any)`,
    );
  }
  if (stage.outputWeight !== 1) {
    throw new UsageError(
      `post-training: the stage's output has the weight ${stage.outputWeight}; only SAEs with weight 1 can be quantized after training (method rtn takes any)`,
    );
  }
  return {
    dIn: sae.dIn,
    dSae: stage.dSae,
    encoder: workingMatrix(stage.encoder),
    bEnc: stage.bEnc,
    dictionary: workingMatrix(stage.dictionary),
    bDec: stage.bDec,
    subtractBDec: stage.subtractBDec,
    selection: stage.selection,
    origin: sae,
  };
}

export async function packWorkingSae(ops: TensorOps, sae: WorkingSae): Promise<PackedSae> {
  const { bEnc, bDec, selection, origin } = sae;
  const [encoder, dictionary] = [await packed(ops, sae, sae.encoder), await packed(ops, sae, sae.dictionary)];
  return { ...origin, stages: [{ ...origin.stages[0]!, encoder, bEnc, dictionary, bDec, selection }] };
}

/** Weights as they would be packed now, but for the rounding of scales to F16: `[d_sae, d_in]`. */
export async function weightsOf(
  ops: TensorOps,
  { dIn, dSae }: Pick<WorkingSae, "dIn" | "dSae">,
  matrix: WorkingMatrix,
): Promise<Float32Array> {
  if (matrix.kind === "float") return matrix.rows;
  const rows = matrix.kind === "codes" ? matrix.rows : rowsOfMatrix(await roundTrained(ops, dIn, dSae, matrix));
  const weights = new Float32Array(dSae * dIn);
  for (const [j, row] of rows.entries()) decodeRow(row, weights.subarray(j * dIn, (j + 1) * dIn));
  return weights;
}

/** Matrices that are quantized already stay so where nothing quantizes them anew; those with float rows among them count as float. */
function workingMatrix(matrix: PackedMatrix): WorkingMatrix {
  if (matrix.kind === "float32") return { kind: "float", rows: matrix.values };
  const rows = new Array<CodedRow | undefined>(matrix.rows).fill(undefined);
  for (const { rowNumbers, matrix: part } of partsOf(matrix)) {
    if (part.kind === "float32") return { kind: "float", rows: dequantizeMatrix(matrix) };
    for (const [at, row] of rowsOfMatrix(part).entries()) rows[rowNumbers[at]!] = row;
  }
  return { kind: "codes", rows };
}

function packed(ops: TensorOps, { dIn, dSae }: WorkingSae, matrix: WorkingMatrix): PackedMatrix | Promise<CodeMatrix> {
  if (matrix.kind === "float") return { kind: "float32", rows: dSae, cols: dIn, values: matrix.rows };
  if (matrix.kind === "codes") return packRows(matrix.rows, dIn);
  return roundTrained(ops, dIn, dSae, matrix);
}

const roundTrained = (
  ops: TensorOps,
  dIn: number,
  dSae: number,
  { rows, quantizer, scale }: WorkingMatrix & { kind: "trained-codes" },
): Promise<CodeMatrix> => packMatrix(ops, quantizer, { shape: [dSae, dIn], data: rows }, { scale });
