/**
 * H = R R^T with R upper triangular: Cholesky's factorisation from the last row up. Its columns say how the error of one
 * unknown is best made up for by the ones after it, so nothing is ever inverted (see gptq.ts).
 */
import { QsaeError } from "@qsae/runtime";

/** Columns that are worked on together: their rows stay in cache while every other row passes by once. */
const PANEL = 32;

/**
 * Overwrites the upper triangle of `h [n, n]`, symmetric and positive definite, with R.
 *
 * @throws QsaeError if h is not positive definite
 */
export function upperFactor(h: Float64Array, n: number): void {
  for (let end = n; end > 0; end -= PANEL) {
    const start = Math.max(0, end - PANEL);
    for (let i = end - 1; i >= 0; i--) {
      for (let j = end - 1; j >= Math.max(start, i); j--) {
        const at = i * n + j;
        const value = h[at]! - dot(h, i * n + j + 1, j * n + j + 1, n - j - 1);
        if (i < j) h[at] = value / h[j * n + j]!;
        else if (value > 0) h[at] = Math.sqrt(value);
        else throw new QsaeError(`factorisation: pivot ${j} of ${n} is ${value}; raise the damping`);
      }
    }
  }
}

/** Solves `R R^T x = rhs` for the `cols` columns of `rhs [n, cols]`, in place. */
export function solveWithFactor(r: Float64Array, n: number, rhs: Float64Array, cols: number): void {
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(rhs, i * cols, k * cols, cols, r[i * n + k]!);
    scaleRow(rhs, i * cols, cols, 1 / r[i * n + i]!);
  }
  for (let i = 0; i < n; i++) {
    scaleRow(rhs, i * cols, cols, 1 / r[i * n + i]!);
    for (let k = i + 1; k < n; k++) subtractRow(rhs, k * cols, i * cols, cols, r[i * n + k]!);
  }
}

function dot(a: Float64Array, from: number, to: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    s0 += a[from + i]! * a[to + i]!;
    s1 += a[from + i + 1]! * a[to + i + 1]!;
    s2 += a[from + i + 2]! * a[to + i + 2]!;
    s3 += a[from + i + 3]! * a[to + i + 3]!;
  }
  for (; i < count; i++) s0 += a[from + i]! * a[to + i]!;
  return s0 + s1 + (s2 + s3);
}

/** Row at `to` less `factor` times the row at `from`. */
function subtractRow(a: Float64Array, to: number, from: number, count: number, factor: number): void {
  if (factor === 0) return;
  for (let d = 0; d < count; d++) a[to + d]! -= factor * a[from + d]!;
}

function scaleRow(a: Float64Array, at: number, count: number, factor: number): void {
  for (let d = 0; d < count; d++) a[at + d]! *= factor;
}
