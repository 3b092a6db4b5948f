/** A device runs at most 65535 workgroups along a dimension: longer rows of them are folded. */
const LONGEST_ROW = 32768;

/** At least `count` workgroups: `(x, y)` of `(X, Y)` is number `x + y X`, and those beyond the last have nothing to do. */
export function folded(count: number): readonly [x: number, y: number] {
  const row = Math.min(count, LONGEST_ROW);
  return [row, row === 0 ? 0 : Math.ceil(count / row)];
}

/** Threads of the kernels that have one per number. */
export const THREADS = 64;

/** Workgroups of such a kernel for `count` numbers. */
export const threadsFor = (count: number): readonly [x: number, y: number] => folded(Math.ceil(count / THREADS));
