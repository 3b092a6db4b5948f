/** Finite, and small enough that axes around it do not overflow. */
export function isPlottable(value: number): boolean {
  return Math.abs(value) < 1e150;
}
