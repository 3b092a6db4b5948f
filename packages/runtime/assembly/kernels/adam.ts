/**
 * One step of Adam (Kingma & Ba 2015, algorithm 1), in place:
 *
 *     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 *     p -= rate * m / (sqrt(v * unbias) + eps),   rate = lr / (1 - beta1^t),   unbias = 1 / (1 - beta2^t)
 *
 * Bound by memory: 4 numbers read and 3 written per parameter.
 */
import { fma, smaller } from "./arithmetic";
import { nextTile } from "./control";

const CHUNK: usize = 16384;

/** g = scale * gradient. */
export function adam(
  thread: usize,
  param: usize,
  m: usize,
  v: usize,
  gradient: usize,
  length: usize,
  rate: f32,
  beta1: f32,
  beta2: f32,
  rest1: f32,
  rest2: f32,
  unbias: f32,
  eps: f32,
  scale: f32,
): void {
  for (;;) {
    const from = nextTile() * CHUNK;
    if (from >= length) break;
    const end = smaller(length, from + CHUNK);
    let i = from;
    for (; i + 4 <= end; i += 4) {
      const at: usize = 4 * i;
      const g = f32x4.mul(v128.load(gradient + at), f32x4.splat(scale));
      const m1 = fma(f32x4.splat(beta1), v128.load(m + at), f32x4.mul(f32x4.splat(rest1), g));
      const v1 = fma(f32x4.splat(beta2), v128.load(v + at), f32x4.mul(f32x4.splat(rest2), f32x4.mul(g, g)));
      v128.store(m + at, m1);
      v128.store(v + at, v1);
      v128.store(param + at, f32x4.sub(v128.load(param + at), update(m1, v1, rate, unbias, eps)));
    }
    for (; i < end; i++) {
      const at: usize = 4 * i;
      const g = f32x4.splat(load<f32>(gradient + at) * scale);
      const m1 = fma(f32x4.splat(beta1), v128.load32_splat(m + at), f32x4.mul(f32x4.splat(rest1), g));
      const v1 = fma(f32x4.splat(beta2), v128.load32_splat(v + at), f32x4.mul(f32x4.splat(rest2), f32x4.mul(g, g)));
      v128.store32_lane(m + at, m1, 0);
      v128.store32_lane(v + at, v1, 0);
      v128.store32_lane(param + at, f32x4.sub(v128.load32_splat(param + at), update(m1, v1, rate, unbias, eps)), 0);
    }
  }
}

function update(m: v128, v: v128, rate: f32, unbias: f32, eps: f32): v128 {
  const denominator = f32x4.add(f32x4.sqrt(f32x4.mul(v, f32x4.splat(unbias))), f32x4.splat(eps));
  return f32x4.mul(f32x4.div(m, denominator), f32x4.splat(rate));
}
