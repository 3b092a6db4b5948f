/** One row at a time through a quantizer: what sequential methods (gptq, descend) are made of. */
import { UsageError, type HostTensor } from "@qsae/runtime";
import type { Grid, Quantizer, Tensor, TensorOps } from "@qsae/core";
import { levelsOf, planesOf, type CodedRow } from "./coded-rows.ts";
import { hasFixedScale } from "./fixed-scale.ts";

/** The grid of several rows, of which single ones can be taken. */
export interface RowGrids {
  /** The grid of row `row`; valid until disposed. */
  of(row: number): Grid;
  /** Whether the matrix has one scale for all rows. */
  readonly shared: boolean;
  /** Whether the scale is the quantizer's own: see {@link hasFixedScale}. */
  readonly fixed: boolean;
  dispose(): void;
}

/** Calibrates `quantizer` on rows `[rows, cols]`. */
export function calibratedGrids(ops: TensorOps, quantizer: Quantizer, w: Float32Array, rows: number): RowGrids {
  const dIn = w.length / rows;
  const fixed = hasFixedScale(ops, quantizer, dIn);
  const grid = ops.tidy(() => quantizer.calibrate(ops, ops.tensor(w, [rows, dIn])));
  const shared = rows > 1 && grid.scale.shape.at(-2) === 1;
  return {
    shared,
    fixed,
    of: (row) =>
      Object.fromEntries(Object.entries(grid).map(([name, a]) => [name, rowOf(ops, a, row, rows)])) as unknown as Grid,
    dispose: () => ops.dispose(Object.values(grid)),
  };
}

/** Row `row` of a grid tensor, kept as a matrix of one row; tensors that all rows share are whole. */
function rowOf(ops: TensorOps, a: Tensor, row: number, rows: number): Tensor {
  const axis = a.shape.length - 2;
  if (axis < 0 || a.shape[axis] !== rows) return a;
  const begin = a.shape.map((_, i) => (i === axis ? row : 0));
  const size = a.shape.map((length, i) => (i === axis ? 1 : length));
  return ops.slice(a, begin, size);
}

/** Codes of `w [d_in]` on a grid of one row. @throws UsageError if they are out of the quantizer's range */
export async function roundRow(
  ops: TensorOps,
  quantizer: Quantizer,
  w: Float32Array,
  gridOf: () => Grid,
): Promise<{ readonly codes: Int16Array; readonly scale: Float32Array }> {
  const { codes, scale } = ops.tidy(() => {
    const grid = gridOf();
    return {
      codes: quantizer.encode(ops, ops.tensor(w, [1, w.length]), grid),
      scale: ops.mul(grid.scale, 1),
    };
  });
  const [hostCodes, hostScale] = [await ops.read(codes), await ops.read(scale)];
  ops.dispose([codes, scale]);
  return { codes: checkedCodes(quantizer, hostCodes.data), scale: Float32Array.from(hostScale.data) };
}

/** Codes as encode gave them. @throws UsageError if they are out of the quantizer's range */
export function checkedCodes(
  { id, codes: [min, max] }: Pick<Quantizer, "id" | "codes">,
  codes: HostTensor["data"],
): Int16Array {
  for (const code of codes) {
    if (Number.isInteger(code) && code >= min && code <= max) continue;
    throw new UsageError(`quantizer ${id}: encode gave the code ${code}; integers in ${min}..${max} are allowed`);
  }
  return Int16Array.from(codes);
}

/**
 * Scales that bring the codes closer to w: least squares, of each group alone; of several planes one after the other, the
 * others as they are. Where no weight has a level other than 0, and where the best scale would not be positive, the scale
 * stays, so that the error never grows.
 */
export function fittedScale(
  { quantizer, codes, scale }: Omit<CodedRow, "sharedScale" | "fixedScale">,
  w: Float32Array,
): Float32Array {
  const [planes, cols, levels] = [planesOf(quantizer), w.length, levelsOf(quantizer)];
  const groups = scale.length / planes;
  const groupCols = cols / groups;
  const min = quantizer.codes[0];
  const fitted = scale.slice();
  const levelAt = (plane: number, d: number): number => levels[codes[plane * cols + d]! - min]!;
  const rest = Float64Array.from(w, (value, d) => {
    let left = value;
    for (let plane = 0; plane < planes; plane++) {
      left -= levelAt(plane, d) * scale[plane * groups + Math.floor(d / groupCols)]!;
    }
    return left;
  });
  for (let plane = 0; plane < planes; plane++) {
    for (let group = 0; group < groups; group++) {
      const at = plane * groups + group;
      const [from, to] = [group * groupCols, (group + 1) * groupCols];
      let product = 0;
      let energy = 0;
      for (let d = from; d < to; d++) {
        const level = levelAt(plane, d);
        product += level * (rest[d]! + level * scale[at]!);
        energy += level * level;
      }
      if (energy > 0 && product > 0) fitted[at] = product / energy;
      for (let d = from; d < to; d++) rest[d]! += levelAt(plane, d) * (scale[at]! - fitted[at]!);
    }
  }
  return fitted;
}
