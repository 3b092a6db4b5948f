/** Rows copied between matrices of different widths: slices and concatenations along the last axis. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface CopyStrided {
  /** The first number to copy. */
  readonly x: Pointer;
  /** Where it goes. The copied rows of `x` and `out` do not overlap. */
  readonly out: Pointer;
  readonly rows: number;
  /** Numbers copied per row. */
  readonly columns: number;
  /** Numbers from one row of `x` to the next; 0 repeats one row. */
  readonly xStride: number;
  /** Numbers from one row of `out` to the next, at least `columns`. */
  readonly outStride: number;
}

/**
 * `out[i * outStride + j] = x[i * xStride + j]`; what lies between the rows of `out` is left alone.
 * @throws UsageError for sizes that are none, or rows of `out` that overlap
 * @example
 * // columns 10 .. 14 of x [n, 100]
 * copyStrided(engine, { x: x + 4 * 10, out, rows: n, columns: 5, xStride: 100, outStride: 5 });
 */
export function copyStrided(engine: Engine, { x, out, rows, columns, xStride, outStride }: CopyStrided): void {
  checkSizes("copyStrided", { rows, columns, xStride, outStride });
  if (rows > 1 && outStride < columns) {
    throw new UsageError(`copyStrided: outStride=${outStride} is less than columns=${columns}: rows would overlap`);
  }
  if (rows === 0 || columns === 0) return;
  runFor(engine, rows * columns)("copyStrided", x, out, rows, columns, xStride, outStride);
}
