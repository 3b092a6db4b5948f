/** Rows added to rows picked by index: the gradient of {@link gatherRows}. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkIndices } from "./gather-rows.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface ScatterAddRows {
  /** `[count, columns]`. */
  readonly x: Pointer;
  /** `[count]` int32, in any order and as often as they like. */
  readonly indices: Pointer;
  /** `[rows, columns]`: added to, so fill it first. None of the inputs. */
  readonly out: Pointer;
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
}

/** Rows are shared out among as many threads at most; a power of two. */
const SHARES = 16;
/** Each share goes through all indices: not worth it for short rows, which one thread sums. */
const SHORT_ROW = 64;

/**
 * `out[indices[i]] += x[i]`, i ascending.
 * @throws UsageError for sizes that are none, or the first index outside 0 .. rows - 1; `out` is untouched then
 */
export function scatterAddRows(engine: Engine, { x, indices, out, count, columns, rows }: ScatterAddRows): void {
  checkSizes("scatterAddRows", { count, columns, rows });
  checkIndices(engine, "scatterAddRows", { indices, count, rows });
  if (count === 0 || columns === 0) return;
  const shares = columns < SHORT_ROW ? 1 : SHARES;
  const run = shares === 1 ? engine.runAlone : runFor(engine, count * columns);
  run("scatterAddRows", x, indices, out, count, columns, shares);
}
