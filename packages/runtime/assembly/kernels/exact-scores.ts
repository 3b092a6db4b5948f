/**
 * Exact scores of single latents, bit for bit those of the register tile: `bias + sum of x w` as one chain of multiply-adds
 * in ascending d. The four lanes of a vector are four latents, their rows transposed on the way; three vectors are in
 * flight, for a chain can only advance once per latency of the multiply-add.
 */
import { fma } from "./arithmetic";

/** Latents per call of {@link scoreTwelve}. */
export const AT_ONCE: usize = 12;

/**
 * scores [12] of the latents at `latents` i32 [12]; x [d], rows f32 [f, dp], both padded with zeros to dp, a multiple of 4.
 * Zeros add nothing to a chain but may turn -0 into 0, which selection does not tell apart.
 */
export function scoreTwelve(x: usize, rows: usize, dp: usize, latents: usize, bias: usize, scores: usize): void {
  const stride: usize = 4 * dp;
  const r0 = rows + <usize>load<i32>(latents) * stride;
  const r1 = rows + <usize>load<i32>(latents, 4) * stride;
  const r2 = rows + <usize>load<i32>(latents, 8) * stride;
  const r3 = rows + <usize>load<i32>(latents, 12) * stride;
  const r4 = rows + <usize>load<i32>(latents, 16) * stride;
  const r5 = rows + <usize>load<i32>(latents, 20) * stride;
  const r6 = rows + <usize>load<i32>(latents, 24) * stride;
  const r7 = rows + <usize>load<i32>(latents, 28) * stride;
  const r8 = rows + <usize>load<i32>(latents, 32) * stride;
  const r9 = rows + <usize>load<i32>(latents, 36) * stride;
  const r10 = rows + <usize>load<i32>(latents, 40) * stride;
  const r11 = rows + <usize>load<i32>(latents, 44) * stride;
  let a = fourBiases(bias, latents);
  let b = fourBiases(bias, latents + 16);
  let c = fourBiases(bias, latents + 32);
  for (let i: usize = 0; i < stride; i += 16) {
    const x0 = v128.load32_splat(x + i);
    const x1 = v128.load32_splat(x + i, 4);
    const x2 = v128.load32_splat(x + i, 8);
    const x3 = v128.load32_splat(x + i, 12);
    a = fourSteps(v128.load(r0 + i), v128.load(r1 + i), v128.load(r2 + i), v128.load(r3 + i), x0, x1, x2, x3, a);
    b = fourSteps(v128.load(r4 + i), v128.load(r5 + i), v128.load(r6 + i), v128.load(r7 + i), x0, x1, x2, x3, b);
    c = fourSteps(v128.load(r8 + i), v128.load(r9 + i), v128.load(r10 + i), v128.load(r11 + i), x0, x1, x2, x3, c);
  }
  v128.store(scores, a);
  v128.store(scores, b, 16);
  v128.store(scores, c, 32);
}

/** Four chains, each four steps on: lane l of the sum takes x0 w_l[0], x1 w_l[1], x2 w_l[2], x3 w_l[3]. */
function fourSteps(w0: v128, w1: v128, w2: v128, w3: v128, x0: v128, x1: v128, x2: v128, x3: v128, sum: v128): v128 {
  const a = v128.shuffle<f32>(w0, w1, 0, 4, 1, 5);
  const b = v128.shuffle<f32>(w2, w3, 0, 4, 1, 5);
  const c = v128.shuffle<f32>(w0, w1, 2, 6, 3, 7);
  const d = v128.shuffle<f32>(w2, w3, 2, 6, 3, 7);
  sum = fma(x0, v128.shuffle<i64>(a, b, 0, 2), sum);
  sum = fma(x1, v128.shuffle<i64>(a, b, 1, 3), sum);
  sum = fma(x2, v128.shuffle<i64>(c, d, 0, 2), sum);
  return fma(x3, v128.shuffle<i64>(c, d, 1, 3), sum);
}

function fourBiases(bias: usize, latents: usize): v128 {
  if (!bias) return f32x4.splat(0);
  let v = v128.load32_zero(bias + 4 * <usize>load<i32>(latents));
  v = v128.load32_lane(bias + 4 * <usize>load<i32>(latents, 4), v, 1);
  v = v128.load32_lane(bias + 4 * <usize>load<i32>(latents, 8), v, 2);
  return v128.load32_lane(bias + 4 * <usize>load<i32>(latents, 12), v, 3);
}
