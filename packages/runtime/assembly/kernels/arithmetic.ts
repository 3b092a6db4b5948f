/** The arithmetic that differs between builds, and integer helpers. */

/** `a * b + c`: fused in the relaxed build, rounded twice in the simd build. */
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** As {@link fma} on one number, with the same rounding. */
export function fmaScalar(a: f32, b: f32, c: f32): f32 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f32x4.extract_lane(f32x4.relaxed_madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0);
  }
  return a * b + c;
}

/** Sum of four lanes, in the order (0 + 1) + (2 + 3). */
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

export function smaller(a: usize, b: usize): usize {
  return a < b ? a : b;
}

export function ceilDiv(a: usize, b: usize): usize {
  return (a + b - 1) / b;
}

/**
 * k per block: a panel of B (8 wide) and one of A (5 or 6 wide), 28 KB at 512, stay in L1, and the longer the block the less its
 * start and end count (512 is 5 % faster than 256). Equal blocks, so that none is short.
 */
export function depthPerBlock(k: usize): usize {
  const blocks = ceilDiv(k, 512);
  return blocks > 1 ? (ceilDiv(k, blocks) + 3) & ~3 : k;
}
