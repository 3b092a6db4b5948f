/**
 * `R R^T x = rhs` by substitution twice, R as upper-factor.ts makes it. Rows are solved in panels: what a panel asks of the rows before
 * it is a product of matrices on the backend, in float32; within a panel rows are solved one by one in float64.
 */
import type { TensorOps } from "@qsae/core";
import { knownRows } from "./known-rows.ts";

const PANEL = 64;

/** For the `cols` columns of `rhs [n, cols]`, in place. */
export async function solveWithFactor(
  ops: TensorOps,
  r: Float64Array,
  n: number,
  rhs: Float64Array,
  cols: number,
): Promise<void> {
  const system = { n, rhs, cols };
  const fromBelow = (step: number): number => n - 1 - step;
  await substitute(ops, { ...system, rowOf: fromBelow, lower: (s, t) => r[fromBelow(s) * n + fromBelow(t)]! });
  await substitute(ops, { ...system, rowOf: (step) => step, lower: (s, t) => r[t * n + s]! });
}

interface Substitution {
  readonly n: number;
  /** `[n, cols]` */
  readonly rhs: Float64Array;
  readonly cols: number;
  /** Which row is solved in a step. */
  readonly rowOf: (step: number) => number;
  /** How much of the row of step `t` the row of step `s`, no earlier, has. */
  readonly lower: (s: number, t: number) => number;
}

async function substitute(ops: TensorOps, { n, rhs, cols, rowOf, lower }: Substitution): Promise<void> {
  const known = knownRows(ops, cols);
  try {
    for (let first = 0; first < n; first += PANEL) {
      const count = Math.min(PANEL, n - first);
      const asked = await known.askedOf(count, (t, s) => lower(first + s, t));
      const panel = new Float64Array(count * cols);
      for (let s = 0; s < count; s++) {
        const own = panel.subarray(s * cols, (s + 1) * cols);
        const row = rhs.subarray(rowOf(first + s) * cols, (rowOf(first + s) + 1) * cols);
        for (let d = 0; d < cols; d++) own[d] = row[d]! - asked[s * cols + d]!;
        for (let t = 0; t < s; t++) {
          const share = lower(first + s, first + t);
          for (let d = 0, at = t * cols; d < cols; d++) own[d]! -= share * panel[at + d]!;
        }
        const pivot = lower(first + s, first + s);
        for (let d = 0; d < cols; d++) own[d]! /= pivot;
        row.set(own);
      }
      known.add(panel);
    }
  } finally {
    known.dispose();
  }
}
