/**
 * GPTQ for the encoder (Frantar et al. 2023, "GPTQ"): scores `u W_enc` should stay, so with E = W - Q `[d_sae, d_in]` and
 * H = E[u u^T] it minimises tr(E H E^T). Input dimensions are rounded one after the other, the most varied first, in all latents
 * at once; gptq.ts has the equations, with atoms in the place of dimensions. What the errors of earlier dimensions ask of a
 * block of later ones is a product of matrices, and computed as such before the block is rounded.
 */
import type { HostTensor } from "@qsae/runtime";
import { dequantize, type Grid, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { meanOf } from "../calibration/latent-codes.ts";
import { planesOf, type CodedRow } from "../coded-rows.ts";
import { hasFixedScale } from "../fixed-scale.ts";
import { knownRows } from "../known-rows.ts";
import { checkedCodes } from "../round-row.ts";
import { upperFactor } from "../upper-factor.ts";

export interface GptqEncoderOptions {
  /** `W_enc` transposed, `[d_sae, d_in]` */
  readonly w: Float32Array;
  readonly dSae: number;
  /** `E[u u^T]`, `[d_in, d_in]` */
  readonly gram: Float64Array;
  readonly quantizer: Quantizer;
  /** Added to the diagonal of the Gram matrix, as a share of its mean. Default 0.01. */
  readonly damping?: number;
}

/** Dimensions of a block: what they ask of each other is summed up one by one. */
const BLOCK = 64;

export async function gptqEncoder(ops: TensorOps, options: GptqEncoderOptions): Promise<CodedRow[]> {
  const { w, dSae, gram, quantizer, damping = 0.01 } = options;
  const dIn = w.length / dSae;
  const diagonal = Float64Array.from({ length: dIn }, (_, d) => gram[d * dIn + d]!);
  const lambda = damping * meanOf(diagonal) || 1;
  const order = Int32Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const factor = new Float64Array(dIn * dIn);
  for (const [a, from] of order.entries()) {
    for (const [b, to] of order.entries()) factor[a * dIn + b] = gram[from * dIn + to]! + (a === b ? lambda : 0);
  }
  upperFactor(factor, dIn);

  const grid = ops.tidy(() => quantizer.calibrate(ops, ops.tensor(w, [dSae, dIn])));
  const errorsBefore = knownRows(ops, dSae);
  try {
    const planes = planesOf(quantizer);
    const codes = new Int16Array(planes * dSae * dIn);
    const wanted = new Float64Array(dSae);
    for (let first = 0; first < dIn; first += BLOCK) {
      const block = Math.min(BLOCK, dIn - first);
      const asked = await errorsBefore.askedOf(block, (i, m) => shareOf(factor, dIn, i, first + m)); // [block, d_sae]
      const errors = new Float64Array(block * dSae); // [block, d_sae]
      for (let at = 0; at < block; at++) {
        const m = first + at;
        const d = order[m]!;
        for (let j = 0; j < dSae; j++) wanted[j] = w[j * dIn + d]! + asked[at * dSae + j]!;
        for (let i = 0; i < at; i++) {
          const share = shareOf(factor, dIn, first + i, m);
          for (let j = 0, e = i * dSae; j < dSae; j++, e++) wanted[j]! += share * errors[e]!;
        }
        const rounded = await roundColumn(ops, quantizer, grid, Float32Array.from(wanted), d, dIn);
        for (let j = 0; j < dSae; j++) {
          errors[at * dSae + j] = w[j * dIn + d]! - rounded.weights[j]!;
          for (let plane = 0; plane < planes; plane++) {
            codes[(plane * dSae + j) * dIn + d] = rounded.codes[plane * dSae + j]!;
          }
        }
      }
      errorsBefore.add(errors);
    }
    const scale = await ops.read(grid.scale);
    const fixedScale = hasFixedScale(ops, quantizer, dIn);
    return rowsOf(quantizer, codes, scale, dSae).map((row) => (fixedScale ? { ...row, fixedScale } : row));
  } finally {
    ops.dispose(Object.values(grid));
    errorsBefore.dispose();
  }
}

/** How much of the error of dimension `i` the later dimension `m` makes up for. */
const shareOf = (factor: Float64Array, dIn: number, i: number, m: number): number =>
  factor[i * dIn + m]! / factor[m * dIn + m]!;

/** Input dimension `d` of all latents on the grid of the whole matrix: codes `[planes, d_sae]`, weights `[d_sae]`. */
async function roundColumn(
  ops: TensorOps,
  quantizer: Quantizer,
  grid: Grid,
  wanted: Float32Array,
  d: number,
  dIn: number,
): Promise<{ readonly codes: ArrayLike<number>; readonly weights: ArrayLike<number> }> {
  const groups = grid.scale.shape.at(-1)!;
  const width = encodedWidth(quantizer, groups, dIn);
  const [group, at] = [Math.floor(d / width), d % width];
  const { codes, weights } = ops.tidy(() => {
    const own = width === 1 || width === dIn ? grid : groupOf(ops, grid, groups, group);
    const column = ops.tensor(wanted, [wanted.length, 1]);
    const block = width === 1 ? column : ops.mul(column, unitRow(ops, width, at)); // [d_sae, width]
    const all = quantizer.encode(ops, block, own);
    const decoded = dequantize(ops, quantizer, all, own.scale);
    return { codes: lastColumn(ops, all, at), weights: lastColumn(ops, decoded, at) };
  });
  const read = [await ops.read(codes), await ops.read(weights)] as const;
  ops.dispose([codes, weights]);
  return { codes: checkedCodes(quantizer, read[0].data), weights: read[1].data };
}

/**
 * Columns that go through a quantizer to have one of them rounded: that one, or its group where the quantizer says how many
 * weights a group has (`shareScale`). Of other groups nothing is known but that whole rows have them.
 */
function encodedWidth({ options }: Quantizer, groups: number, dIn: number): number {
  if (options["per"] === dIn / groups) return dIn / groups;
  return groups === 1 ? 1 : dIn;
}

/** The grid of one group of columns. */
function groupOf(ops: TensorOps, grid: Grid, groups: number, group: number): Grid {
  const of = (a: Tensor): Tensor => (a.shape.at(-1) === groups ? lastColumn(ops, a, group) : a);
  return Object.fromEntries(Object.entries(grid).map(([name, a]) => [name, of(a)])) as unknown as Grid;
}

/** Entry `at` of the last axis, which stays. */
function lastColumn(ops: TensorOps, a: Tensor, at: number): Tensor {
  const last = a.shape.length - 1;
  return ops.slice(
    a,
    a.shape.map((_, axis) => (axis === last ? at : 0)),
    a.shape.map((length, axis) => (axis === last ? 1 : length)),
  );
}

const unitRow = (ops: TensorOps, width: number, at: number): Tensor =>
  ops.tensor(
    Array.from({ length: width }, (_, i) => (i === at ? 1 : 0)),
    [1, width],
  );

function rowsOf(quantizer: Quantizer, codes: Int16Array, scale: HostTensor, dSae: number): CodedRow[] {
  const planes = planesOf(quantizer);
  const dIn = codes.length / planes / dSae;
  const [scaleRows, groups] = scale.shape.slice(-2) as [number, number];
  return Array.from({ length: dSae }, (_, j): CodedRow => {
    const own = { codes: new Int16Array(planes * dIn), scale: new Float32Array(planes * groups) };
    for (let plane = 0; plane < planes; plane++) {
      const from = (plane * dSae + j) * dIn;
      own.codes.set(codes.subarray(from, from + dIn), plane * dIn);
      const at = (plane * scaleRows + (scaleRows === 1 ? 0 : j)) * groups;
      for (let group = 0; group < groups; group++) own.scale[plane * groups + group] = scale.data[at + group]!;
    }
    return { quantizer, ...own, sharedScale: scaleRows === 1 && dSae > 1 };
  });
}
