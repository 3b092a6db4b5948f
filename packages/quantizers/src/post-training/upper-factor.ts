/**
 * H = R R^T with R upper triangular: Cholesky's factorisation from the last row up. Its columns say how the error of one
 * unknown is best made up for by the ones after it, so nothing is ever inverted (see gptq.ts).
 */
import { QsaeError } from "@qsae/runtime";

/** Columns that are factored together, after the products with all columns behind them: a tile of rows against one of columns. */
const PANEL = 32;
/** As many sums as registers hold: each number that is read takes part in several of them. */
const [TILE_ROWS, TILE_COLS] = [2, 4];

/**
 * Overwrites the upper triangle of `h [n, n]`, symmetric and positive definite, with R.
 *
 * @throws QsaeError if h is not positive definite
 */
export function upperFactor(h: Float64Array, n: number): void {
  for (let end = n; end > 0; end -= PANEL) {
    const start = Math.max(0, end - PANEL);
    for (let i = 0; i < end; i += TILE_ROWS) {
      for (let j = start; j < end; j += TILE_COLS) {
        if (j + TILE_COLS <= i) continue;
        if (i + TILE_ROWS <= end && j + TILE_COLS <= end) subtractTile(h, n, i, j, end);
        else subtractEdge(h, n, i, j, end);
      }
    }
    for (let i = end - 1; i >= 0; i--) {
      for (let j = end - 1; j >= Math.max(start, i); j--) {
        const at = i * n + j;
        const value = h[at]! - dot(h, i * n + j + 1, j * n + j + 1, end - j - 1);
        if (i < j) h[at] = value / h[j * n + j]!;
        else if (value > 0) h[at] = Math.sqrt(value);
        else throw new QsaeError(`factorisation: pivot ${j} of ${n} is ${value}; raise the damping`);
      }
    }
  }
}

/**
 * `h_ij -= sum over columns k from end on of h_ik h_jk` for the tile of rows i, i + 1 and columns j .. j + 3. Numbers without
 * arrays around them: V8 makes those of destructuring, which is several times slower.
 */
function subtractTile(h: Float64Array, n: number, i: number, j: number, end: number): void {
  const rowA = i * n;
  const rowB = rowA + n;
  const row0 = j * n;
  const row1 = row0 + n;
  const row2 = row1 + n;
  const row3 = row2 + n;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let k = end; k < n; k++) {
    const a = h[rowA + k]!;
    const b = h[rowB + k]!;
    const c0 = h[row0 + k]!;
    const c1 = h[row1 + k]!;
    const c2 = h[row2 + k]!;
    const c3 = h[row3 + k]!;
    a0 += a * c0;
    a1 += a * c1;
    a2 += a * c2;
    a3 += a * c3;
    b0 += b * c0;
    b1 += b * c1;
    b2 += b * c2;
    b3 += b * c3;
  }
  h[rowA + j]! -= a0;
  h[rowA + j + 1]! -= a1;
  h[rowA + j + 2]! -= a2;
  h[rowA + j + 3]! -= a3;
  h[rowB + j]! -= b0;
  h[rowB + j + 1]! -= b1;
  h[rowB + j + 2]! -= b2;
  h[rowB + j + 3]! -= b3;
}

/** The same for a tile that ends before `end` does. */
function subtractEdge(h: Float64Array, n: number, i: number, j: number, end: number): void {
  for (let row = i; row < Math.min(end, i + TILE_ROWS); row++) {
    for (let col = j; col < Math.min(end, j + TILE_COLS); col++) {
      h[row * n + col]! -= dot(h, row * n + end, col * n + end, n - end);
    }
  }
}

function dot(a: Float64Array, from: number, to: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[from + i]! * a[to + i]!;
  return sum;
}
