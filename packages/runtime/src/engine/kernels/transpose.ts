/** A matrix transposed. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Transpose {
  /** `[rows, columns]`. */
  readonly x: Pointer;
  /** `[columns, rows]`, not `x`. */
  readonly out: Pointer;
  readonly rows: number;
  readonly columns: number;
}

/**
 * `out[j, i] = x[i, j]`.
 * @throws UsageError for sizes that are none
 */
export function transpose(engine: Engine, { x, out, rows, columns }: Transpose): void {
  checkSizes("transpose", { rows, columns });
  if (rows > 0 && columns > 0) runFor(engine, rows * columns)("transpose", x, out, rows, columns);
}
