/** What keeps atoms at norm 1: rows over their norm, and gradients without the part that would only change it. */
import { ceilDiv, fma, fmaScalar, smaller } from "./arithmetic";
import { nextTile } from "./control";
import { dot } from "./matvec";

/** Numbers per tile, about. */
const CHUNK: usize = 16384;

/**
 * out [rows, n] = x / max(norm, minNorm), each row by its own norm. Squares and quotients in float64: no float32 row is too
 * large or too small for them.
 */
export function normalizeRows(thread: usize, x: usize, out: usize, rows: usize, n: usize, minNorm: f64): void {
  const rowsPerTile = ceilDiv(CHUNK, n);
  for (;;) {
    const first = nextTile() * rowsPerTile;
    if (first >= rows) break;
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      const norm = Math.sqrt(sumOfSquares(x + 4 * i * n, n));
      // Not Math.max: the norm may be NaN, and then the row is.
      scaleTo(out + 4 * i * n, x + 4 * i * n, n, 1 / (norm < minNorm ? minNorm : norm));
    }
  }
}

function sumOfSquares(x: usize, n: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; n >= 8; n -= 8, x += 32) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    const c = f64x2.promote_low_f32x4(v128.load64_zero(x, 16));
    const d = f64x2.promote_low_f32x4(v128.load64_zero(x, 24));
    s0 = f64x2.add(s0, f64x2.mul(a, a));
    s1 = f64x2.add(s1, f64x2.mul(b, b));
    s2 = f64x2.add(s2, f64x2.mul(c, c));
    s3 = f64x2.add(s3, f64x2.mul(d, d));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; n > 0; n--, x += 4) {
    const a = <f64>load<f32>(x);
    sum += a * a;
  }
  return sum;
}

/** out = factor x, n numbers, rounded once. */
function scaleTo(out: usize, x: usize, n: usize, factor: f64): void {
  const f = f64x2.splat(factor);
  for (; n >= 4; n -= 4, x += 16, out += 16) {
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f, f64x2.promote_low_f32x4(v128.load64_zero(x))));
    const high = f32x4.demote_f64x2_zero(f64x2.mul(f, f64x2.promote_low_f32x4(v128.load64_zero(x, 8))));
    v128.store(out, i64x2.shuffle(low, high, 0, 2));
  }
  for (; n > 0; n--, x += 4, out += 4) store<f32>(out, <f32>(factor * <f64>load<f32>(x)));
}

/** out [rows, n] = gradient - atom <gradient, atom>, row by row. */
export function removeParallel(thread: usize, gradient: usize, atoms: usize, out: usize, rows: usize, n: usize): void {
  const rowsPerTile = ceilDiv(CHUNK, n);
  for (;;) {
    const first = nextTile() * rowsPerTile;
    if (first >= rows) break;
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      let g = gradient + 4 * i * n;
      let a = atoms + 4 * i * n;
      let to = out + 4 * i * n;
      const along = -dot(g, a, n);
      const s = f32x4.splat(along);
      const vectors = to + 4 * (n & ~3);
      const end = to + 4 * n;
      for (; to < vectors; to += 16, g += 16, a += 16) v128.store(to, fma(s, v128.load(a), v128.load(g)));
      for (; to < end; to += 4, g += 4, a += 4) store<f32>(to, fmaScalar(along, load<f32>(a), load<f32>(g)));
    }
  }
}
