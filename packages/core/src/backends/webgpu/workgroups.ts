/** A device runs at most 65535 workgroups along a dimension: longer rows of them are folded. */
const LONGEST_ROW = 32768;

export interface Folded {
  /** Workgroup `(x, y)` is number `x + y * row`; those beyond the last have nothing to do. */
  readonly row: number;
  readonly workgroups: readonly [x: number, y: number];
}

export function folded(count: number): Folded {
  const row = Math.min(count, LONGEST_ROW);
  return { row, workgroups: [row, Math.ceil(count / row)] };
}

/** Threads of the kernels that have one per number. */
export const THREADS = 64;
