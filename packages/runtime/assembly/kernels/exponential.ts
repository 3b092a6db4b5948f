/**
 * exp, log, sigmoid and tanh of four lanes, within 2.5 units in the last place over all of float32 (2e-7 of the result).
 * Subnormal arguments and results are computed, not flushed; NaN goes through. e^r - 1: our own minimax polynomial;
 * log: the method and coefficients of FreeBSD's e_logf.c.
 *
 * Constants are read from memory. Written in place, V8 would build each of them anew for every vector, in four
 * instructions apiece: exp would take twice as long.
 */
import { fma } from "./arithmetic";
import { CONSTANTS } from "./control";

class Constants {
  one: v128;
  /** ln 2 in two parts, negated; the first has 9 significant bits, so that a whole number up to 2^15 times it is exact. */
  ln2High: v128;
  ln2Low: v128;
  infinity: v128;

  // e^x
  log2E: v128;
  /** 1.5 * 2^23: a number of magnitude below 2^22 added to it is rounded to a whole one, which its last bits are. */
  rounder: v128;
  most: v128;
  least: v128;
  mostTanh: v128;
  e2: v128;
  e3: v128;
  e4: v128;
  e5: v128;
  e6: v128;

  // ln x
  smallestNormal: v128;
  twoTo23: v128;
  twentyThree: v128;
  sqrtHalf: v128;
  mantissa: v128;
  l1: v128;
  l2: v128;
  l3: v128;
  l4: v128;
}

/** Writes the constants where the functions read them; every thread, the same ones. */
export function writeConstants(): void {
  const k = changetype<Constants>(CONSTANTS);
  k.one = f32x4.splat(1);
  k.ln2High = f32x4.splat(-0.693359375);
  k.ln2Low = f32x4.splat(2.1219444e-4);
  k.infinity = f32x4.splat(Infinity);
  k.log2E = f32x4.splat(1.44269504088896341);
  k.rounder = f32x4.splat(12582912);
  k.most = f32x4.splat(90);
  k.least = f32x4.splat(-105);
  k.mostTanh = f32x4.splat(40);
  k.e2 = f32x4.splat(0.5);
  k.e3 = f32x4.splat(1.6666543e-1);
  k.e4 = f32x4.splat(4.166628e-2);
  k.e5 = f32x4.splat(8.3666109e-3);
  k.e6 = f32x4.splat(1.3946497e-3);
  k.smallestNormal = f32x4.splat(1.17549435e-38);
  k.twoTo23 = f32x4.splat(8388608);
  k.twentyThree = f32x4.splat(23);
  k.sqrtHalf = i32x4.splat(0x3f3504f3);
  k.mantissa = i32x4.splat(0x007fffff);
  k.l1 = f32x4.splat(0.66666662693);
  k.l2 = f32x4.splat(0.40000972152);
  k.l3 = f32x4.splat(0.28498786688);
  k.l4 = f32x4.splat(0.24279078841);
}

/** x = n ln 2 + r: the whole number n nearest to x / ln 2, plus the rounder. @inline */
function wholePart(k: Constants, x: v128): v128 {
  return fma(x, k.log2E, k.rounder);
}

/** e^r - 1, r = x - n ln 2 in [-0.35, 0.35]. @inline */
function restPart(k: Constants, x: v128, whole: v128): v128 {
  const n = f32x4.sub(whole, k.rounder);
  const r = fma(n, k.ln2Low, fma(n, k.ln2High, x));
  const p = fma(fma(fma(fma(k.e6, r, k.e5), r, k.e4), r, k.e3), r, k.e2);
  return fma(p, f32x4.mul(r, r), r);
}

/** 2^n for whole n in -126 .. 127. @inline */
function powerOfTwo(k: Constants, n: v128): v128 {
  return i32x4.add(i32x4.shl(n, 23), k.one);
}

/** e^x. Infinity from 88.73 on, zero from -103.98 on. @inline */
export function exp(x: v128): v128 {
  const k = changetype<Constants>(CONSTANTS);
  // The bounds end in infinity and zero all the same, and keep 2^n within two factors. pmin, pmax let NaN through.
  const bounded = f32x4.pmax(f32x4.pmin(x, k.most), k.least);
  const whole = wholePart(k, bounded);
  const p = f32x4.add(restPart(k, bounded, whole), k.one);
  // Two factors: 2^n alone overflows before the result does, and is no normal number where the result is subnormal.
  const n = i32x4.sub(whole, k.rounder);
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(k, half)), powerOfTwo(k, i32x4.sub(n, half)));
}

/** 1 / (1 + e^-x), as e^x / (1 + e^x) below zero, where it keeps its relative accuracy down to subnormal results. @inline */
export function sigmoid(x: v128): v128 {
  const k = changetype<Constants>(CONSTANTS);
  const e = exp(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(e, k.one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(k.one, e));
}

/** u / (u + 2), u = e^(2 |x|) - 1, with x's sign: accurate near zero because u is. @inline */
export function tanh(x: v128): v128 {
  const k = changetype<Constants>(CONSTANTS);
  const size = f32x4.abs(x);
  const twice = f32x4.pmin(f32x4.add(size, size), k.mostTanh); // the result is 1 from 19 on
  const whole = wholePart(k, twice);
  const power = powerOfTwo(k, i32x4.sub(whole, k.rounder));
  const u = fma(restPart(k, twice, whole), power, f32x4.sub(power, k.one));
  const result = f32x4.div(u, f32x4.add(u, f32x4.add(k.one, k.one)));
  return v128.or(result, v128.xor(x, size)); // x's sign
}

/** ln x. -Infinity of zeros, NaN below. @inline */
export function log(x: v128): v128 {
  const k = changetype<Constants>(CONSTANTS);
  const zero = f32x4.splat(0);
  const subnormal = f32x4.lt(x, k.smallestNormal);
  const normal = v128.bitselect(f32x4.mul(x, k.twoTo23), x, subnormal);
  // x = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2))
  const bits = i32x4.sub(normal, k.sqrtHalf);
  const e = f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)), v128.and(k.twentyThree, subnormal));
  const f = f32x4.sub(i32x4.add(v128.and(bits, k.mantissa), k.sqrtHalf), k.one);
  // ln(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f)
  const s = f32x4.div(f, f32x4.add(f, f32x4.add(k.one, k.one)));
  const z = f32x4.mul(s, s);
  const rest = f32x4.mul(fma(fma(fma(k.l4, z, k.l3), z, k.l2), z, k.l1), z);
  const square = f32x4.mul(f32x4.mul(f, f), f32x4.splat(0.5));
  const y = fma(s, f32x4.add(square, rest), f32x4.sub(f32x4.mul(e, f32x4.neg(k.ln2Low)), square));
  const result = f32x4.sub(f32x4.add(f, y), f32x4.mul(e, k.ln2High));
  // What is no such number: infinity and NaN stay; below zero all bits are set, which is NaN.
  const finite = v128.bitselect(result, x, f32x4.lt(x, k.infinity));
  return v128.or(v128.bitselect(f32x4.neg(k.infinity), finite, f32x4.eq(x, zero)), f32x4.lt(x, zero));
}
