/** Matrix times vector, where register tiles would be mostly padding: bound by reading the matrix once. */
import { ceilDiv, fma, fmaScalar, smaller, sumLanes } from "./arithmetic";
import { nextTile } from "./control";

const ROWS: usize = 16;
/** Columns per tile of {@link matvecTransposed}: 1 KB of each row. */
const COLUMNS: usize = 256;

/** y [m] = A [m, k] x [k], A row-major with `stride` floats between rows, plus bias (0 for none; every
 * element the first one with `biasStride` 0). */
export function matvec(
  thread: usize,
  a: usize,
  stride: usize,
  x: usize,
  y: usize,
  m: usize,
  k: usize,
  bias: usize,
  biasStride: usize,
): void {
  const count = ceilDiv(m, ROWS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(m, (t + 1) * ROWS);
    for (let i = t * ROWS; i < end; i++) {
      const start: f32 = bias ? load<f32>(bias + 4 * i * biasStride) : 0;
      store<f32>(y + 4 * i, dot(a + 4 * i * stride, x, k) + start);
    }
  }
}

/** y [n] = x [k] A [k, n], A row-major with `stride` floats between rows, plus bias as in {@link matvec}. */
export function matvecTransposed(
  thread: usize,
  a: usize,
  stride: usize,
  x: usize,
  y: usize,
  k: usize,
  n: usize,
  bias: usize,
  biasStride: usize,
): void {
  const count = ceilDiv(n, COLUMNS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const j0 = t * COLUMNS;
    const width = smaller(COLUMNS, n - j0);
    for (let j = j0; j < j0 + width; j++) store<f32>(y + 4 * j, bias ? load<f32>(bias + 4 * j * biasStride) : 0);
    for (let q: usize = 0; q < k; q++) addScaled(y + 4 * j0, load<f32>(x + 4 * q), a + 4 * (q * stride + j0), width);
  }
}

/** Floats that are summed up in float32: in longer chains small terms would go under. */
const CHAIN: usize = 8192;

/** <a, b> of n floats. */
export function dot(a: usize, b: usize, n: usize): f32 {
  if (n <= CHAIN) return dotOfChain(a, b, n);
  let sum: f64 = 0;
  for (let i: usize = 0; i < n; i += CHAIN) sum += <f64>dotOfChain(a + 4 * i, b + 4 * i, smaller(CHAIN, n - i));
  return <f32>sum;
}

/** Four vector accumulators, then the tail. */
function dotOfChain(a: usize, b: usize, n: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    s0 = fma(v128.load(a), v128.load(b), s0);
    s1 = fma(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = fma(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = fma(v128.load(a, 48), v128.load(b, 48), s3);
    a += 64;
    b += 64;
  }
  for (; i + 4 <= n; i += 4) {
    s0 = fma(v128.load(a), v128.load(b), s0);
    a += 16;
    b += 16;
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < n; i++) {
    sum = fmaScalar(load<f32>(a), load<f32>(b), sum);
    a += 4;
    b += 4;
  }
  return sum;
}

/** y += s x, n floats. */
export function addScaled(y: usize, s: f32, x: usize, n: usize): void {
  const scale = f32x4.splat(s);
  let i: usize = 0;
  for (; i + 8 <= n; i += 8) {
    v128.store(y, fma(scale, v128.load(x), v128.load(y)));
    v128.store(y, fma(scale, v128.load(x, 16), v128.load(y, 16)), 16);
    x += 32;
    y += 32;
  }
  for (; i < n; i++) {
    store<f32>(y, fmaScalar(s, load<f32>(x), load<f32>(y)));
    x += 4;
    y += 4;
  }
}
