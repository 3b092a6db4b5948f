/**
 * An SAE on its way from float to packed: the form that the post-training methods take and return. Everything lies in the
 * space of its stage (inputs scaled and rotated); matrices have one row per latent.
 */
import {
  dequantizeMatrix,
  NO_PART,
  UsageError,
  type CodeMatrix,
  type HostTensors,
  type PackedMatrix,
  type PackedSae,
  type Selection,
} from "@qsae/runtime";
import { assembleMixed, packMatrix, type Quantizer, type TensorOps } from "@qsae/core";
import { decodeRow, rowsOfMatrix, type CodedRows } from "./coded-rows.ts";
import { packRows } from "./pack-rows.ts";
import { requireFiniteWeights } from "./require-finite-weights.ts";
import type { RowQuantizers } from "./row-quantizers.ts";

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

/**
 * - `packed`: quantized before; stays as it is, bit for bit, unless it is quantized anew
 * - `trained-codes`: float weights whose codes still move in training, as `quantizer` rounds them at these scales
 */
export type WorkingMatrix =
  | { readonly kind: "float"; readonly rows: Float32Array; readonly dropped?: DroppedRows }
  | { readonly kind: "packed"; readonly matrix: PackedMatrix }
  | { readonly kind: "codes"; readonly rows: CodedRows }
  | {
      readonly kind: "trained-codes";
      readonly rows: Float32Array;
      readonly quantizer: Quantizer;
      /** `[d_sae | 1, groups]` */
      readonly scale: { readonly shape: readonly number[]; readonly data: Float32Array };
      /** Training leaves the scale as it is. Default: it trains. */
      readonly fixedScale?: boolean;
      /** What the quantizer's grid has beside its scale, e.g. thresholds; stays as it is. Default: nothing. */
      readonly otherGrid?: HostTensors;
      readonly dropped?: DroppedRows;
    };

/** Numbers of the rows that the file leaves out; they are zero. Default: none. */
export type DroppedRows = ReadonlySet<number>;

/**
 * @throws UsageError if the SAE has several stages: each is trained on what the ones before leave, so none can change alone;
 *   or one whose output is weighted
 * @throws NonFiniteError naming the first weight that is not finite
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
  requireFiniteWeights(stage);
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

const NONE: DroppedRows = new Set();

export function droppedRows(matrix: WorkingMatrix): DroppedRows {
  switch (matrix.kind) {
    case "float":
    case "trained-codes":
      return matrix.dropped ?? NONE;
    case "packed":
      return matrix.matrix.kind === "mixed" ? withoutPart(matrix.matrix.partOfRow) : NONE;
    case "codes":
      return new Set([...matrix.rows.keys()].filter((j) => !matrix.rows[j]));
  }
}

/** The quantizers of all rows but the dropped ones, which stay dropped. */
export function quantizerOfRows(matrix: WorkingMatrix, quantizer: RowQuantizers): RowQuantizers {
  const dropped = droppedRows(matrix);
  if (dropped.size === 0) return quantizer;
  const ofRow = typeof quantizer === "function" ? quantizer : () => quantizer;
  return (latent) => (dropped.has(latent) ? undefined : ofRow(latent));
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
  if (matrix.kind === "packed") return dequantizeMatrix(matrix.matrix);
  const rows = matrix.kind === "codes" ? matrix.rows : await trainedRows(ops, { dIn, dSae }, matrix);
  const weights = new Float32Array(dSae * dIn);
  for (const [j, row] of rows.entries()) decodeRow(row, weights.subarray(j * dIn, (j + 1) * dIn));
  return weights;
}

function workingMatrix(matrix: PackedMatrix): WorkingMatrix {
  if (matrix.kind === "float32") return { kind: "float", rows: matrix.values };
  const float = matrix.kind === "mixed" && matrix.parts.every(({ kind }) => kind === "float32");
  if (!float) return { kind: "packed", matrix };
  return { kind: "float", rows: dequantizeMatrix(matrix), dropped: withoutPart(matrix.partOfRow) };
}

const withoutPart = (partOfRow: Uint8Array): DroppedRows =>
  new Set([...partOfRow.keys()].filter((row) => partOfRow[row] === NO_PART));

async function packed(ops: TensorOps, { dIn, dSae }: WorkingSae, matrix: WorkingMatrix): Promise<PackedMatrix> {
  switch (matrix.kind) {
    case "packed":
      return matrix.matrix;
    case "codes":
      return packRows(matrix.rows, dIn);
    case "float":
      return packFloat(matrix.rows, dIn, droppedRows(matrix));
    case "trained-codes": {
      if (droppedRows(matrix).size === 0) return roundTrained(ops, { dIn, dSae }, matrix);
      return packRows(await trainedRows(ops, { dIn, dSae }, matrix), dIn);
    }
  }
}

function packFloat(rows: Float32Array, cols: number, dropped: DroppedRows): PackedMatrix {
  const count = rows.length / cols;
  if (dropped.size === 0) return { kind: "float32", rows: count, cols, values: rows };
  const rowNumbers = Array.from({ length: count }, (_, j) => j).filter((j) => !dropped.has(j));
  const values = new Float32Array(rowNumbers.length * cols); // [kept, d_in]
  for (const [at, j] of rowNumbers.entries()) values.set(rows.subarray(j * cols, (j + 1) * cols), at * cols);
  const matrix = { kind: "float32", rows: rowNumbers.length, cols, values } as const;
  return assembleMixed([count, cols], [{ rowNumbers, matrix }]);
}

type TrainedCodes = WorkingMatrix & { kind: "trained-codes" };
type Size = Pick<WorkingSae, "dIn" | "dSae">;

const roundTrained = (
  ops: TensorOps,
  { dIn, dSae }: Size,
  { rows, quantizer, scale, otherGrid }: TrainedCodes,
): Promise<CodeMatrix> => packMatrix(ops, quantizer, { shape: [dSae, dIn], data: rows }, { ...otherGrid, scale });

async function trainedRows(ops: TensorOps, size: Size, matrix: TrainedCodes): Promise<CodedRows> {
  const dropped = droppedRows(matrix);
  return rowsOfMatrix(await roundTrained(ops, size, matrix)).map((row, j) => (dropped.has(j) ? undefined : row));
}
