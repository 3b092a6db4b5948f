/**
 * exp, log, sigmoid and tanh of four lanes, within about 2 units in the last place over all of float32. Coefficients:
 * Moshier's Cephes library (single/expf.c, single/logf.c). Subnormal arguments and results are computed, not flushed;
 * NaN goes through.
 */
import { fma } from "./arithmetic";

/** ln 2 in two parts; the first has 9 significant bits, so that a whole number up to 2^15 times it is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;
const LOG2_E: f32 = 1.44269504088896341;

/** x = n ln 2 + r: the whole number n nearest to x / ln 2. */
function wholePart(x: v128): v128 {
  return f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2_E)));
}

/** e^r - 1, r = x - n ln 2 in [-0.35, 0.35]. */
function restPart(x: v128, n: v128): v128 {
  const r = fma(n, f32x4.splat(-LN2_LOW), fma(n, f32x4.splat(-LN2_HIGH), x));
  let p = fma(f32x4.splat(1.98756915e-4), r, f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  return fma(p, f32x4.mul(r, r), r);
}

/** 2^n for whole n in -126 .. 127. */
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x. Infinity above 88.72; below -103.97 zero. */
export function exp(x: v128): v128 {
  // The bounds end in infinity and zero all the same, and keep 2^n within two factors. pmin, pmax let NaN through.
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(90)), f32x4.splat(-105));
  const n = wholePart(x);
  const p = f32x4.add(restPart(x, n), f32x4.splat(1));
  // Two factors: 2^n alone overflows before the result does, and is no normal number where the result is subnormal.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** ln x. -Infinity of zeros, NaN below. */
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, subnormal); // 2^23
  // x = 2^e m, m in [sqrt(1/2), sqrt(2))
  const bits = i32x4.sub(normal, i32x4.splat(0x3f3504f3));
  const e = f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)), v128.and(f32x4.splat(23), subnormal));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1));
  let p = fma(f32x4.splat(7.0376836292e-2), f, f32x4.splat(-1.151461031e-1));
  p = fma(p, f, f32x4.splat(1.167699874e-1));
  p = fma(p, f, f32x4.splat(-1.2420140846e-1));
  p = fma(p, f, f32x4.splat(1.4249322787e-1));
  p = fma(p, f, f32x4.splat(-1.6668057665e-1));
  p = fma(p, f, f32x4.splat(2.0000714765e-1));
  p = fma(p, f, f32x4.splat(-2.4999993993e-1));
  p = fma(p, f, f32x4.splat(3.3333331174e-1));
  const square = f32x4.mul(f, f);
  let y = fma(e, f32x4.splat(LN2_LOW), f32x4.mul(f32x4.mul(p, f), square));
  y = f32x4.add(f, fma(square, f32x4.splat(-0.5), y));
  y = fma(e, f32x4.splat(LN2_HIGH), y);
  // What has no such m: infinity and NaN stay, zeros and negative numbers have no logarithm.
  y = v128.bitselect(y, x, f32x4.lt(x, f32x4.splat(Infinity)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(f32x4.splat(NaN), y, f32x4.lt(x, f32x4.splat(0)));
}

/** 1 / (1 + e^-x), as e^x / (1 + e^x) below zero, where it keeps its relative accuracy down to subnormal results. */
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const above = v128.bitselect(e, f32x4.splat(1), f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(above, f32x4.add(f32x4.splat(1), e));
}

/** u / (u + 2), u = e^(2 |x|) - 1, with x's sign: accurate near zero because u is. */
export function tanh(x: v128): v128 {
  const twice = f32x4.pmin(f32x4.mul(f32x4.abs(x), f32x4.splat(2)), f32x4.splat(40)); // from 18 on it is 1
  const n = wholePart(twice);
  const power = powerOfTwo(i32x4.trunc_sat_f32x4_s(n));
  const u = fma(restPart(twice, n), power, f32x4.sub(power, f32x4.splat(1)));
  return v128.bitselect(x, f32x4.div(u, f32x4.add(u, f32x4.splat(2))), i32x4.splat(i32.MIN_VALUE));
}
