/** The rows of one block, one after the other, each towards what makes up for the errors before it (see gptq.ts). */
import type { Quantizer, TensorOps } from "@qsae/core";
import { decodeRow, type CodedRow } from "./coded-rows.ts";
import { sliceGrids, type RowGrid } from "./row-grids.ts";
import { fittedScale, roundRow, type RowGrids } from "./round-row.ts";

/** Atoms whose scales are searched at once, when the errors before them are known. */
const SCALE_ROWS = 64;

export interface Block {
  /** `[b]` */
  readonly quantizers: readonly (Quantizer | undefined)[];
  /** `[b, d_in]` */
  readonly targets: Float64Array;
  /** R `[b, b]` */
  readonly factor: Float64Array;
  readonly dIn: number;
  readonly shared: ReadonlyMap<Quantizer, RowGrids>;
}

export async function roundBlock(ops: TensorOps, block: Block): Promise<(CodedRow | undefined)[]> {
  const { quantizers, targets, factor, dIn, shared } = block;
  const size = quantizers.length;
  const errors = new Float32Array(targets.length); // [b, d_in]
  const rows: (CodedRow | undefined)[] = [];
  for (let first = 0; first < size; first += SCALE_ROWS) {
    const count = Math.min(SCALE_ROWS, size - first);
    const wanted = await compensatedRows(ops, block, errors, first, count); // [count, d_in]
    const grids = sliceGrids(ops, quantizers.slice(first, first + count), wanted, dIn, shared);
    try {
      for (let m = first; m < first + count; m++) {
        const row = wanted.subarray((m - first) * dIn, (m - first + 1) * dIn);
        for (let i = first; i < m; i++) {
          addScaled(row, errors, i * dIn, factor[i * size + m]! / factor[m * size + m]!);
        }
        const quantizer = quantizers[m];
        const coded = quantizer && (await roundedTo(ops, quantizer, Float32Array.from(row), grids.of(m - first)));
        rows.push(coded);
        errors.set(errorOf(targets.subarray(m * dIn, (m + 1) * dIn), coded), m * dIn);
      }
    } finally {
      grids.dispose();
    }
  }
  return rows;
}

async function roundedTo(ops: TensorOps, quantizer: Quantizer, w: Float32Array, grid: RowGrid): Promise<CodedRow> {
  const { codes, scale } = await roundRow(ops, quantizer, w, grid.of);
  const { shared: sharedScale, fixed: fixedScale } = grid;
  const stands = sharedScale || fixedScale;
  const own = stands ? scale : fittedScale({ quantizer, codes, scale }, w);
  return { quantizer, codes, scale: own, sharedScale, ...(fixedScale ? { fixedScale } : {}) };
}

/** `w_m + sum_{i < first} (R_im / R_mm) E_i` for the `count` rows m from `first` on: `[count, d_in]`. */
async function compensatedRows(
  ops: TensorOps,
  { quantizers, targets, factor, dIn }: Block,
  errors: Float32Array,
  first: number,
  count: number,
): Promise<Float64Array> {
  const size = quantizers.length;
  const wanted = targets.slice(first * dIn, (first + count) * dIn);
  if (first === 0) return wanted;
  const shares = new Float32Array(first * count); // [first, count]
  for (let i = 0; i < first; i++) {
    for (let at = 0; at < count; at++) {
      const m = first + at;
      shares[i * count + at] = factor[i * size + m]! / factor[m * size + m]!;
    }
  }
  const product = ops.tidy(() =>
    ops.matMul(ops.tensor(shares, [first, count]), ops.tensor(errors.subarray(0, first * dIn), [first, dIn]), true),
  );
  const { data } = await ops.read(product);
  ops.dispose(product);
  for (let i = 0; i < wanted.length; i++) wanted[i]! += data[i]!;
  return wanted;
}

function addScaled(row: Float64Array, rows: Float32Array, from: number, factor: number): void {
  if (factor === 0) return;
  for (let d = 0; d < row.length; d++) row[d]! += factor * rows[from + d]!;
}

export function errorOf(w: Float32Array | Float64Array, row: CodedRow | undefined): Float64Array {
  const q = new Float32Array(w.length);
  decodeRow(row, q);
  return Float64Array.from(w, (value, d) => value - q[d]!);
}
