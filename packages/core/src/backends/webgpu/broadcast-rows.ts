/** How an elementwise kernel with broadcasting falls into rows that can be computed one by one. */
import { elementCount } from "@qsae/runtime";

export interface BroadcastRows {
  /** Of the result, of the same number of entries as it has, in the same order. */
  readonly shape: readonly number[];
  /** Of the operands: their own, with the same dimensions merged. The first is 1 where an operand lacks the rows. */
  readonly operands: readonly (readonly number[])[];
}

/**
 * Dimensions beside each other are merged where every operand has both or lacks both, so that rows are as short as they can be:
 *
 * - equal shapes, or one and a scalar: rows of one number
 * - `[n, d]` and `[d]`: rows of d numbers
 * - `[n, g, s]` and `[n, g, 1]`: n g rows of s numbers
 *
 * @param out what the operands broadcast to
 */
export function broadcastRows(out: readonly number[], shapes: readonly (readonly number[])[]): BroadcastRows {
  const padded = shapes.map((shape) => [...Array<number>(out.length - shape.length).fill(1), ...shape]);
  const merged: { size: number; had: readonly boolean[] }[] = [];
  out.forEach((size, d) => {
    if (size === 1) return;
    const had = padded.map((shape) => shape[d] === size);
    const last = merged.at(-1);
    if (last && last.had.every((one, i) => one === had[i])) last.size *= size;
    else merged.push({ size, had });
  });
  return {
    shape: merged.map(({ size }) => size),
    operands: shapes.map((shape, i) =>
      elementCount(shape) === 1 ? merged.map(() => 1) : merged.map(({ size, had }) => (had[i] ? size : 1)),
    ),
  };
}
