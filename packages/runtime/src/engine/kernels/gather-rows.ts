/** Rows picked by index. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface GatherRows {
  /** `[rows, columns]`. */
  readonly x: Pointer;
  /** `[count]` int32. */
  readonly indices: Pointer;
  /** `[count, columns]`, none of the inputs. */
  readonly out: Pointer;
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
}

/**
 * `out[i] = x[indices[i]]`.
 * @throws UsageError for sizes that are none, or the first index outside 0 .. rows - 1; `out` is untouched then
 */
export function gatherRows(engine: Engine, { x, indices, out, count, columns, rows }: GatherRows): void {
  checkSizes("gatherRows", { count, columns, rows });
  checkIndices(engine, "gatherRows", { indices, count, rows });
  if (count === 0 || columns === 0) return;
  runFor(engine, count * columns)("gatherRows", x, indices, out, count, columns);
}

interface Indices {
  readonly indices: Pointer;
  readonly count: number;
  readonly rows: number;
}

/** @throws UsageError naming the first index outside 0 .. rows - 1 */
export function checkIndices(engine: Engine, kernel: string, { indices, count, rows }: Indices): void {
  if (count === 0) return;
  runFor(engine, count)("checkIndices", indices, count, rows);
  const at = engine.status();
  if (at === undefined) return;
  const index = engine.i32(indices, count)[at];
  throw new UsageError(`${kernel}: indices[${at}]=${index} is out of range; allowed: 0 .. ${rows - 1}`);
}
