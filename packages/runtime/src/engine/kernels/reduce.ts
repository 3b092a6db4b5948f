/** Sums, means, largest and smallest along an axis. How: assembly/kernels/reduce.ts. */
import { unknownName } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { fill } from "./fill.ts";
import { withScratch } from "./scratch.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Reduce {
  /** `[outer, length, inner]`. */
  readonly x: Pointer;
  /** `[outer, inner]`, not `x`. */
  readonly out: Pointer;
  readonly outer: number;
  /** Of the axis that goes. */
  readonly length: number;
  readonly inner: number;
}

export type ReduceOp = "sum" | "mean" | "max" | "min";

const operations: Readonly<Record<ReduceOp, { readonly code: number; readonly ofNothing: number }>> = {
  sum: { code: 0, ofNothing: 0 },
  mean: { code: 0, ofNothing: NaN },
  max: { code: 1, ofNothing: -Infinity },
  min: { code: 2, ofNothing: Infinity },
};

/** Numbers of a run that are summed in 16 chains before the chains are added: error grows with their length. */
const RUN = 4096;
/** Rows that are summed in one chain per column; also what lets several threads share a narrow matrix. */
const ROWS = 256;

/**
 * By row: `inner: 1`. By column: `outer: 1`. Total: both 1. Sums are float32, cut into blocks by shape alone. `max` and
 * `min` take NaN to NaN. Of nothing (`length: 0`): sum 0, mean NaN, max -Infinity, min Infinity.
 * @throws UsageError for an unknown op, or sizes that are none
 * @throws EngineMemoryError when the partial results of a long axis do not fit
 */
export function reduce(engine: Engine, op: ReduceOp, { x, out, outer, length, inner }: Reduce): void {
  if (!Object.hasOwn(operations, op)) throw unknownName("reduction", op, Object.keys(operations));
  checkSizes("reduce", { outer, length, inner });
  if (outer === 0 || inner === 0) return;
  const { code, ofNothing } = operations[op];
  if (length === 0) return fill(engine, { out, length: outer * inner, value: ofNothing });

  const most = inner === 1 ? RUN : ROWS;
  const divisor = op === "mean" ? length : 1;
  withScratch(engine, (scratch) => {
    let [from, left] = [x, length];
    while (left > most) {
      const blocks = Math.ceil(left / most);
      const partial = scratch.floats(outer * blocks * inner);
      runFor(engine, outer * left * inner)("reduce", code, from, partial, outer, left, inner, most, 1);
      [from, left] = [partial, blocks];
    }
    runFor(engine, outer * left * inner)("reduce", code, from, out, outer, left, inner, left, divisor);
  });
}
