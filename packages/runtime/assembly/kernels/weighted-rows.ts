/**
 * Weighted sums of rows picked by index: what decoding and both dictionary gradients are made of. Four rows at a time, so
 * that the sum is loaded and stored once for four multiply-adds and four rows stream from memory side by side. Per element
 * it is one chain in the order of the entries, however they are grouped.
 */
import { fma, fmaScalar } from "./arithmetic";

/** sum [d] += s0 r0 + s1 r1 + s2 r2 + s3 r3, in that order. */
export function addFourRows(
  sum: usize,
  d: usize,
  s0: f32,
  r0: usize,
  s1: f32,
  r1: usize,
  s2: f32,
  r2: usize,
  s3: f32,
  r3: usize,
): void {
  const v0 = f32x4.splat(s0);
  const v1 = f32x4.splat(s1);
  const v2 = f32x4.splat(s2);
  const v3 = f32x4.splat(s3);
  const end = sum + 4 * (d & ~7);
  const last = sum + 4 * d;
  while (sum < end) {
    let a = v128.load(sum);
    let b = v128.load(sum, 16);
    a = fma(v0, v128.load(r0), a);
    b = fma(v0, v128.load(r0, 16), b);
    a = fma(v1, v128.load(r1), a);
    b = fma(v1, v128.load(r1, 16), b);
    a = fma(v2, v128.load(r2), a);
    b = fma(v2, v128.load(r2, 16), b);
    a = fma(v3, v128.load(r3), a);
    b = fma(v3, v128.load(r3, 16), b);
    v128.store(sum, a);
    v128.store(sum, b, 16);
    sum += 32;
    r0 += 32;
    r1 += 32;
    r2 += 32;
    r3 += 32;
  }
  while (sum < last) {
    let a = load<f32>(sum);
    a = fmaScalar(s0, load<f32>(r0), a);
    a = fmaScalar(s1, load<f32>(r1), a);
    a = fmaScalar(s2, load<f32>(r2), a);
    a = fmaScalar(s3, load<f32>(r3), a);
    store<f32>(sum, a);
    sum += 4;
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
  }
}

/** to [d] = from [d], or zeros where `from` is 0. */
export function startRow(to: usize, from: usize, d: usize): void {
  const end = to + 4 * (d & ~3);
  const last = to + 4 * d;
  if (from) {
    for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
    for (; to < last; to += 4, from += 4) store<f32>(to, load<f32>(from));
  } else {
    for (; to < end; to += 16) v128.store(to, f32x4.splat(0));
    for (; to < last; to += 4) store<f32>(to, 0);
  }
}
