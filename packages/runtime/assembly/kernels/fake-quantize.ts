/**
 * Numbers on the grid of a quantizer, one scale per row: code = clip(round(x / scale - offset), least, most), and
 * (code + offset) scale in its place; and the gradient to the scale, codes held fixed.
 */
import { ceilDiv, fma, smaller, sumLanes } from "./arithmetic";
import { nextTile } from "./control";
import { loadPart, storePart } from "./lanes";

/** Numbers per tile, about. */
const CHUNK: usize = 16384;

/** Rounded as the four steps one by one would be, so that codes agree with those of the composed operations. */
function codeOf(x: v128, scale: v128, offset: v128, least: v128, most: v128): v128 {
  const code = f32x4.nearest(f32x4.sub(f32x4.div(x, scale), offset));
  return f32x4.pmin(f32x4.pmax(code, least), most);
}

/** out, codes (0 for none) [rows, n]; scale [rows]. */
export function fakeQuantize(
  thread: usize,
  x: usize,
  scale: usize,
  out: usize,
  codes: usize,
  rows: usize,
  n: usize,
  least: f32,
  most: f32,
  offset: f32,
): void {
  const min = f32x4.splat(least);
  const max = f32x4.splat(most);
  const o = f32x4.splat(offset);
  const rowsPerTile = ceilDiv(CHUNK, n);
  for (;;) {
    const first = nextTile() * rowsPerTile;
    if (first >= rows) break;
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      const s = v128.load32_splat(scale + 4 * i);
      const row: usize = 4 * i * n;
      let j: usize = 0;
      for (; j + 4 <= n; j += 4) {
        const at: usize = row + 4 * j;
        const code = codeOf(v128.load(x + at), s, o, min, max);
        v128.store(out + at, f32x4.mul(f32x4.add(code, o), s));
        if (codes) v128.store(codes + at, code);
      }
      if (j < n) {
        const at: usize = row + 4 * j;
        const code = codeOf(loadPart(x + at, n - j), s, o, min, max);
        storePart(out + at, f32x4.mul(f32x4.add(code, o), s), n - j);
        if (codes) storePart(codes + at, code, n - j);
      }
    }
  }
}

/** out [rows] = sum over a row of dOut (code + offset). */
export function fakeQuantizeScaleGradient(
  thread: usize,
  dOut: usize,
  x: usize,
  scale: usize,
  out: usize,
  rows: usize,
  n: usize,
  least: f32,
  most: f32,
  offset: f32,
): void {
  const min = f32x4.splat(least);
  const max = f32x4.splat(most);
  const o = f32x4.splat(offset);
  const rowsPerTile = ceilDiv(CHUNK, n);
  for (;;) {
    const first = nextTile() * rowsPerTile;
    if (first >= rows) break;
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      const s = v128.load32_splat(scale + 4 * i);
      const row: usize = 4 * i * n;
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let j: usize = 0;
      for (; j + 8 <= n; j += 8) {
        const at: usize = row + 4 * j;
        const c0 = codeOf(v128.load(x + at), s, o, min, max);
        const c1 = codeOf(v128.load(x + at, 16), s, o, min, max);
        s0 = fma(v128.load(dOut + at), f32x4.add(c0, o), s0);
        s1 = fma(v128.load(dOut + at, 16), f32x4.add(c1, o), s1);
      }
      let sum = sumLanes(f32x4.add(s0, s1));
      for (; j < n; j++) {
        const at: usize = row + 4 * j;
        const code = f32x4.add(codeOf(v128.load32_splat(x + at), s, o, min, max), o);
        sum += load<f32>(dOut + at) * f32x4.extract_lane(code, 0);
      }
      store<f32>(out + 4 * i, sum);
    }
  }
}
