/**
 * Coordinate descent on codes: atom after atom is moved to where the reconstruction of the calibration tokens wants it, all other
 * atoms as they are, and rounded again. With residuals e_n, latents centred by b_dec's freedom, and h_j = Var(z_j),
 *
 *     w_j = q_j + (E[(z_j - E z_j) e] + lambda (a_j - q_j)) / (h_j + lambda)
 *
 * The error in q_j is `(h_j + lambda) ||q_j - w_j||^2`, the same in every direction: rounding w_j to the nearest level is the best
 * choice for this atom, and so is the least-squares scale. lambda holds atoms to anchors a_j, against overfitting.
 *
 * Works on residuals of tokens rather than on a Gram matrix: a sweep costs two passes over the latents that fire.
 */
import type { Grid, Quantizer, TensorOps } from "@qsae/core";
import { latentMoments, meanOf, type LatentCodes } from "./calibration/latent-codes.ts";
import type { CalibrationTokens } from "./calibration/tokens.ts";
import { decodeRow, type CodedRow, type CodedRows } from "./coded-rows.ts";
import { fittedScale, roundRow } from "./round-row.ts";
import { quantizersOf, type RowQuantizers } from "./row-quantizers.ts";
import { addWeightedRows } from "./weighted-rows.ts";

export interface DescendOptions {
  /** Dropped ones stay dropped. */
  readonly rows: CodedRows;
  /** `[d_in]` */
  readonly bDec: Float32Array;
  readonly codes: LatentCodes;
  readonly tokens: CalibrationTokens;
  /** Rows that it leaves out stay as they are. */
  readonly quantizer: RowQuantizers;
  /** Rows `[d_sae, d_in]` that atoms are held to. Default: where they are. */
  readonly anchors?: Float32Array;
  /** Lambda as a share of the mean of Var(z). Default 0.03. */
  readonly damping?: number;
  /** Default 2. */
  readonly sweeps?: number;
}

export interface Descended {
  readonly rows: CodedRows;
  /** `[d_in]` */
  readonly bDec: Float32Array;
}

export async function descend(ops: TensorOps, options: DescendOptions): Promise<Descended> {
  const { rows: start, bDec, codes, tokens, quantizer, anchors, damping = 0.03, sweeps = 2 } = options;
  const { dIn } = tokens;
  const { mean, meanSquare } = latentMoments(codes);
  const variance = meanSquare.map((square, j) => Math.max(0, square - mean[j]! ** 2));
  const lambda = damping * meanOf(variance);
  const rows = start.slice();
  const quantizers = quantizersOf(quantizer, rows.length);
  const order = [...variance.keys()]
    .filter((j) => rows[j] && quantizers[j] && meanSquare[j]! > 0 && variance[j]! + lambda > 0)
    .sort((a, b) => variance[b]! - variance[a]!);
  const wider = new Set([...new Set(quantizers)].filter((own) => own && hasWiderGrid(ops, own, dIn)));
  const residual = residualOf(rows, bDec, codes, tokens);
  const center = centerOf(residual, dIn); // [d_in] mean residual: what b_dec makes up for
  const wanted = new Float64Array(dIn);
  const atom = new Float32Array(dIn);
  const moved = new Float32Array(dIn);
  const { offsets, tokens: entryTokens, values } = codes.byLatent;

  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const j of order) {
      const row = rows[j]!;
      decodeRow(row, atom);
      for (let d = 0; d < dIn; d++) wanted[d] = -mean[j]! * center[d]!;
      addWeightedRows(wanted, residual, codes, j);
      const weight = variance[j]! + lambda;
      for (let d = 0; d < dIn; d++) {
        const pull = anchors ? lambda * (anchors[j * dIn + d]! - atom[d]!) : 0;
        moved[d] = atom[d]! + (wanted[d]! + pull) / weight;
      }
      const own = quantizers[j]!;
      const next = await roundedAt(ops, own, row, moved, wider.has(own));
      rows[j] = next;
      decodeRow(next, moved);
      for (let d = 0; d < dIn; d++) {
        wanted[d] = moved[d]! - atom[d]!;
        center[d]! -= mean[j]! * wanted[d]!;
      }
      for (let entry = offsets[j]!; entry < offsets[j + 1]!; entry++) {
        const [z, to] = [values[entry]!, entryTokens[entry]! * dIn];
        for (let d = 0; d < dIn; d++) residual[to + d]! -= z * wanted[d]!;
      }
    }
  }
  return { rows, bDec: bDec.map((b, d) => b + center[d]!) };
}

/** Whether a quantizer's grid has more than a scale, e.g. thresholds. */
function hasWiderGrid(ops: TensorOps, quantizer: Quantizer, dIn: number): boolean {
  return ops.tidy(() => Object.keys(quantizer.calibrate(ops, ops.zeros([1, dIn]))).length > 1);
}

/**
 * The row rounded to w at its own scale, then the scale that fits best; the row itself where it is as near to w.
 *
 * @param wider whether the grid has more than a scale; the rest of it is calibrated on w
 */
async function roundedAt(
  ops: TensorOps,
  quantizer: Quantizer,
  row: CodedRow,
  w: Float32Array,
  wider: boolean,
): Promise<CodedRow> {
  const planes = quantizer.dequantize.kind === "sum" ? [quantizer.dequantize.planes] : [];
  const { codes } = await roundRow(ops, quantizer, w, (): Grid => {
    const scale = ops.tensor(row.scale, [...planes, 1, row.scale.length / (planes[0] ?? 1)]);
    return wider ? { ...quantizer.calibrate(ops, ops.tensor(w, [1, w.length])), scale } : { scale };
  });
  const coded = { ...row, codes };
  const next = row.sharedScale || row.fixedScale ? coded : { ...coded, scale: fittedScale(coded, w) };
  return squaredError(next, w) < squaredError(row, w) ? next : row;
}

function squaredError(row: CodedRow, w: Float32Array): number {
  const q = new Float32Array(w.length);
  decodeRow(row, q);
  return w.reduce((sum, value, d) => sum + (value - q[d]!) ** 2, 0);
}

/** `target - Z Q - b_dec` `[tokens, d_in]` */
function residualOf(
  rows: CodedRows,
  bDec: Float32Array,
  { byLatent }: LatentCodes,
  { target, tokens, dIn }: CalibrationTokens,
): Float32Array {
  const residual = target.slice();
  for (let t = 0; t < tokens; t++) for (let d = 0; d < dIn; d++) residual[t * dIn + d]! -= bDec[d]!;
  const atom = new Float32Array(dIn);
  for (const [j, row] of rows.entries()) {
    decodeRow(row, atom);
    for (let entry = byLatent.offsets[j]!; entry < byLatent.offsets[j + 1]!; entry++) {
      const [z, to] = [byLatent.values[entry]!, byLatent.tokens[entry]! * dIn];
      for (let d = 0; d < dIn; d++) residual[to + d]! -= z * atom[d]!;
    }
  }
  return residual;
}

function centerOf(residual: Float32Array, dIn: number): Float64Array {
  const center = new Float64Array(dIn);
  const tokens = residual.length / dIn;
  for (let at = 0; at < residual.length; at++) center[at % dIn]! += residual[at]! / tokens;
  return center;
}
