/** Exact top-k per row of a given matrix. How: assembly/kernels/select.ts. */
import { NonFiniteError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkK, checkSizes } from "./sizes.ts";

export interface TopK {
  /** `[n, width]`. */
  readonly x: Pointer;
  /** `[n, k]`. */
  readonly values: Pointer;
  /** `[n, k]` int32, ascending within a row; ties went to the lowest index. */
  readonly indices: Pointer;
  readonly n: number;
  readonly width: number;
  readonly k: number;
}

/**
 * @throws UsageError for sizes that are none, or k not in 1 .. width
 * @throws NonFiniteError naming the first row with a NaN
 */
export function topK(engine: Engine, { x, values, indices, n, width, k }: TopK, caller = "topK"): void {
  checkSizes(caller, { n });
  checkK(caller, k, "width", width);
  const capacity = candidateCapacity(k, width);
  const own = perThread(engine, 8 * capacity + 8);
  withScratch(engine, (scratch) => {
    engine.run("topK", x, values, indices, n, width, k, capacity, scratch.bytes(own.total), own.stride);
  });
  throwIfNaN(engine, caller);
}

/**
 * Candidates that a row's buffer holds: twice k, so that it is rarely cut, but no more than can ever come. A multiple of
 * 16 and at least k + 16, for the kernel offers 16 at a time.
 */
export function candidateCapacity(k: number, width: number): number {
  return Math.ceil((Math.min(Math.max(2 * k, k + 64), width) + 16) / 16) * 16;
}

/** @throws NonFiniteError if the kernel that just ran reported a row */
export function throwIfNaN(engine: Engine, kernel: string): void {
  const row = engine.status();
  if (row === undefined) return;
  throw new NonFiniteError(
    `${kernel}: a score of row ${row} is NaN; look for NaN or Inf in the inputs and the weights`,
  );
}
