/**
 * Integer codes for coarse scoring: vectors scaled so that their largest component is the largest code, rounded half to
 * even, with the exact norm of what rounding left.
 *
 * A code is a byte (weights i8 in -127 .. 127, activations u7, that is -63 .. 63 plus 64) or a word (i16 both, with as many
 * levels as keep a sum of d products in 31 bits). Bytes need the relaxed build.
 */
import { fma, sumLanes } from "./arithmetic";

/** What activations are stored with added to them, by the width of a code. */
export function offsetOf(width: usize): i32 {
  return width == 1 ? 64 : 0;
}

/**
 * Largest component of v [n] by absolute value; n a multiple of 4. Infinite if v has an infinity, NaN if it has a NaN: the
 * bits of non-negative floats order as integers, NaN above all.
 */
export function largestAbs(v: usize, n: usize): f32 {
  const magnitude = i32x4.splat(i32.MAX_VALUE);
  let m = i32x4.splat(0);
  const end = v + 4 * n;
  for (; v < end; v += 16) m = i32x4.max_s(m, v128.and(v128.load(v), magnitude));
  const a = max(i32x4.extract_lane(m, 0), i32x4.extract_lane(m, 1));
  return reinterpret<f32>(max(a, max(i32x4.extract_lane(m, 2), i32x4.extract_lane(m, 3))));
}

/**
 * codes [n] = round(v / scale) + offset and rest [n] = v - scale * round(v / scale); n a multiple of 16, `inverse` about
 * 1 / scale, `rest` may be v. Codes beyond `levels`, by a rounding of `inverse`, are cut to it: the rest has the difference.
 */
export function encodeCodes(
  v: usize,
  n: usize,
  scale: f32,
  inverse: f32,
  levels: i32,
  offset: i32,
  width: usize,
  codes: usize,
  rest: usize,
): void {
  const high = f32x4.splat(<f32>levels);
  const low = f32x4.splat(<f32>-levels);
  const s = f32x4.splat(scale);
  const inv = f32x4.splat(inverse);
  const shift = i32x4.splat(offset);
  for (let i: usize = 0; i < n; i += 16) {
    const at: usize = 4 * i;
    const q0 = roundTo(v128.load(v + at), inv, low, high);
    const q1 = roundTo(v128.load(v + at, 16), inv, low, high);
    const q2 = roundTo(v128.load(v + at, 32), inv, low, high);
    const q3 = roundTo(v128.load(v + at, 48), inv, low, high);
    v128.store(rest + at, f32x4.sub(v128.load(v + at), f32x4.mul(s, q0)));
    v128.store(rest + at, f32x4.sub(v128.load(v + at, 16), f32x4.mul(s, q1)), 16);
    v128.store(rest + at, f32x4.sub(v128.load(v + at, 32), f32x4.mul(s, q2)), 32);
    v128.store(rest + at, f32x4.sub(v128.load(v + at, 48), f32x4.mul(s, q3)), 48);
    const a = i16x8.narrow_i32x4_s(code(q0, shift), code(q1, shift));
    const b = i16x8.narrow_i32x4_s(code(q2, shift), code(q3, shift));
    if (width == 1) {
      v128.store(codes + i, i8x16.narrow_i16x8_s(a, b));
    } else {
      v128.store(codes + 2 * i, a);
      v128.store(codes + 2 * i, b, 16);
    }
  }
}

function roundTo(v: v128, inverse: v128, low: v128, high: v128): v128 {
  return f32x4.pmax(low, f32x4.pmin(high, f32x4.nearest(f32x4.mul(v, inverse))));
}

function code(rounded: v128, shift: v128): v128 {
  return i32x4.add(i32x4.trunc_sat_f32x4_s(rounded), shift);
}

/** Sum of n codes, a multiple of 16. */
export function sumCodes(codes: usize, n: usize, width: usize): i32 {
  let sum = i32x4.splat(0);
  const end = codes + n * width;
  for (; codes < end; codes += 16) {
    const c = v128.load(codes);
    if (width == 1) {
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(c)));
    } else {
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(c));
    }
  }
  return (
    i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
  );
}

/** 2-norm of v [n], n a multiple of 4, rounded up: no smaller than the norm in exact arithmetic. */
export function normAbove(v: usize, n: usize): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let at = v;
  const end = v + 4 * n;
  for (const pairs = v + 4 * (n & ~7); at < pairs; at += 32) {
    a = fma(v128.load(at), v128.load(at), a);
    b = fma(v128.load(at, 16), v128.load(at, 16), b);
  }
  if (at < end) a = fma(v128.load(at), v128.load(at), a);
  const sum = sumLanes(f32x4.add(a, b));
  // n additions and a square root of non-negative numbers: off by less than (n + 2) 2^-24 of the result. Where squares may
  // have vanished, the largest component bounds the norm.
  const norm = sum > 1e-25 ? sqrt<f32>(sum) : sqrt<f32>(<f32>n) * largestAbs(v, n);
  return norm * (1 + <f32>(n + 16) * <f32>1.1920929e-7);
}

/** Norms from here on have no intervals: their products might overflow. */
export const NORM_LIMIT: f32 = 1e18;
