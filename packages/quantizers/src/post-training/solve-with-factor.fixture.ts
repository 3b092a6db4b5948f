/** What solve-with-factor.ts computes in parts, in float64 and row by row; and systems to solve. */
import { normals } from "@qsae/core";

/** Solves `R R^T x = rhs` for the `cols` columns of `rhs [n, cols]`, in place. */
export function solveInFloat64(r: Float64Array, n: number, rhs: Float64Array, cols: number): void {
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(rhs, i * cols, k * cols, cols, r[i * n + k]!);
    divideRow(rhs, i * cols, cols, r[i * n + i]!);
  }
  for (let i = 0; i < n; i++) {
    divideRow(rhs, i * cols, cols, r[i * n + i]!);
    for (let k = i + 1; k < n; k++) subtractRow(rhs, k * cols, i * cols, cols, r[i * n + k]!);
  }
}

/** Row at `to` less `factor` times the row at `from`. */
function subtractRow(a: Float64Array, to: number, from: number, count: number, factor: number): void {
  for (let d = 0; d < count; d++) a[to + d]! -= factor * a[from + d]!;
}

function divideRow(a: Float64Array, at: number, count: number, by: number): void {
  for (let d = 0; d < count; d++) a[at + d]! /= by;
}

/** `A A^T + damping I`, A `[n, n]` with eigenvalues over a few orders of magnitude. */
export function positiveDefinite(n: number, seed: number, damping = 0.1): Float64Array {
  const a = normals(n * n, 1, seed);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let d = 0; d < n; d++) h[i * n + j]! += (a[i * n + d]! * a[j * n + d]!) / n;
    }
    h[i * n + i]! += damping;
  }
  return h;
}
