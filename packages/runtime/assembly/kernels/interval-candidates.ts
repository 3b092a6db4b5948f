/**
 * Candidates of a row whose scores are known only to lie in an interval around a coarse score:
 *
 *     coarse = scale_x scale_j <codes_x, codes_j> + b_j
 *     |score - coarse| <= reach restNorm_j + error norm_j + slack |b_j| + tiny
 *
 * by Cauchy and Schwarz, with reach = |x| + |x's rounding error|, error = |x's rounding error| + slack |x|, restNorm the
 * norm of the weights' rounding error; slack and tiny cover the float32 arithmetic of the exact score and of this one. A latent
 * whose upper end lies below the k-th largest lower end is not among the k largest scores; everything else is kept, in
 * ascending order. With reach, error, slack and tiny 0 the intervals are points: the candidates are the largest coarse scores.
 */
import { keyOf, kthLargest, scoreOf } from "./select";

/** A row's record: how many candidates, when to cut, the threshold, and what its intervals are made of. */
export const RECORD_BYTES: usize = 64;
/** i32 */
export const COUNT: usize = 0;
/** i32: at this many candidates the row is cut. */
const LIMIT: usize = 4;
/** f32, no larger than the k-th largest lower end so far; NaN until there is one, so that all pass. */
const THRESHOLD: usize = 8;
/** i32: 1 once more candidates remained than the budget. */
export const OVERFLOWED: usize = 12;
/** f32 each. */
export const SCALE: usize = 16;
export const REACH: usize = 20;
export const ERROR: usize = 24;
/** The same with the activations' rounding error in codes of its own. */
export const REST_SCALE: usize = 28;
export const FINE_REACH: usize = 32;
export const FINE_ERROR: usize = 36;

/** A row's candidates: four arrays of `capacity`, the keys of the lower ends first. */
const DOTS: usize = 1;
const UPPERS: usize = 2;
const LATENTS: usize = 3;
export const CANDIDATE_BYTES: usize = 16;

export function latentsOf(candidates: usize, capacity: usize): usize {
  return candidates + 4 * LATENTS * capacity;
}
export function dotsOf(candidates: usize, capacity: usize): usize {
  return candidates + 4 * DOTS * capacity;
}

export function clearRecord(record: usize, limit: usize): void {
  store<i32>(record, 0, COUNT);
  store<i32>(record, <i32>limit, LIMIT);
  store<f32>(record, NaN, THRESHOLD);
  store<i32>(record, 0, OVERFLOWED);
}

/**
 * Offers the accumulators `dots` i32 [n] of latents `[first, first + n)`, n a multiple of 16; latents from f on are
 * padding. `biasAbove` f32 [n] is bias + slack |bias| + tiny. The other arrays are the packed encoder's (coarse-pack.ts), `bias`
 * [f] or 0. `capacity` is a multiple of 16 and at least k + 32.
 */
export function offerDots(
  dots: usize,
  n: usize,
  first: usize,
  f: usize,
  record: usize,
  candidates: usize,
  k: usize,
  capacity: usize,
  scales: usize,
  norms: usize,
  restNorms: usize,
  groupNorms: usize,
  bias: usize,
  biasAbove: usize,
  slack: f32,
  tiny: f32,
): void {
  const scale = load<f32>(record, SCALE);
  const reach = load<f32>(record, REACH);
  const error = load<f32>(record, ERROR);
  const s = f32x4.splat(scale);
  let j: usize = 0;
  while (j < n) {
    const threshold = load<f32>(record, THRESHOLD);
    const group = groupNorms + ((first + j) >> 4) * 8;
    // What a coarse score must reach for the upper end of any of these 16 to reach the threshold.
    const t = f32x4.splat(threshold - reach * load<f32>(group, 4) - error * load<f32>(group));
    const at: usize = 4 * j;
    const w = scales + 4 * first + at;
    const c0 = coarse(dots + at, w, s, biasAbove + at);
    const c1 = coarse(dots + at + 16, w + 16, s, biasAbove + at + 16);
    const c2 = coarse(dots + at + 32, w + 32, s, biasAbove + at + 32);
    const c3 = coarse(dots + at + 48, w + 48, s, biasAbove + at + 48);
    const below0 = f32x4.lt(c0, t);
    const below1 = f32x4.lt(c1, t);
    const below2 = f32x4.lt(c2, t);
    const below3 = f32x4.lt(c3, t);
    if (i32x4.all_true(v128.and(v128.and(below0, below1), v128.and(below2, below3)))) {
      j += 16;
      continue;
    }
    if (load<i32>(record, COUNT) + 16 > load<i32>(record, LIMIT)) {
      cutCandidates(record, candidates, k, capacity);
      if (load<i32>(record, OVERFLOWED)) return;
      continue;
    }
    let passed =
      0xffff ^
      (i32x4.bitmask(below0) |
        (i32x4.bitmask(below1) << 4) |
        (i32x4.bitmask(below2) << 8) |
        (i32x4.bitmask(below3) << 12));
    let count = <usize>load<i32>(record, COUNT);
    while (passed) {
      const e = j + <usize>ctz(passed);
      passed &= passed - 1;
      const latent = first + e;
      if (latent >= f) break;
      const b: f32 = bias ? load<f32>(bias + 4 * latent) : 0;
      const dot = load<i32>(dots + 4 * e);
      const middle = <f32>dot * scale * load<f32>(scales + 4 * latent) + b;
      const half =
        reach * load<f32>(restNorms + 4 * latent) + error * load<f32>(norms + 4 * latent) + slack * abs<f32>(b) + tiny;
      if (middle + half < threshold) continue;
      store<i32>(candidates + 4 * count, keyOf(middle - half));
      store<i32>(candidates + 4 * (DOTS * capacity + count), dot);
      store<f32>(candidates + 4 * (UPPERS * capacity + count), middle + half);
      store<i32>(candidates + 4 * (LATENTS * capacity + count), <i32>latent);
      count++;
    }
    store<i32>(record, <i32>count, COUNT);
    j += 16;
  }
}

/** Four coarse scores; `bias` has the slack added. The product of the two scales alone might vanish. */
function coarse(dots: usize, scales: usize, scale: v128, bias: usize): v128 {
  const product = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(v128.load(dots)), scale), v128.load(scales));
  return f32x4.add(product, v128.load(bias));
}

/**
 * Raises the threshold to the k-th largest lower end and drops what lies below it. Sets OVERFLOWED if that leaves no room.
 * Does nothing while there are fewer than k.
 */
export function cutCandidates(record: usize, candidates: usize, k: usize, capacity: usize): void {
  const count = <usize>load<i32>(record, COUNT);
  if (count < k) return;
  const least = scoreOf(kthLargest(candidates, count, k));
  // Below by more than the roundings of the comparisons that use it.
  const threshold = least - abs<f32>(least) * <f32>4.7683716e-7;
  store<f32>(record, threshold, THRESHOLD);
  let kept: usize = 0;
  for (let e: usize = 0; e < count; e++) {
    const key = load<i32>(candidates + 4 * e);
    const dot = load<i32>(candidates + 4 * (DOTS * capacity + e));
    const upper = load<f32>(candidates + 4 * (UPPERS * capacity + e));
    const latent = load<i32>(candidates + 4 * (LATENTS * capacity + e));
    store<i32>(candidates + 4 * kept, key);
    store<i32>(candidates + 4 * (DOTS * capacity + kept), dot);
    store<f32>(candidates + 4 * (UPPERS * capacity + kept), upper);
    store<i32>(candidates + 4 * (LATENTS * capacity + kept), latent);
    kept += <usize>(upper >= threshold);
  }
  store<i32>(record, <i32>kept, COUNT);
  // Twice what is left, so that cutting stays rare.
  const limit = min(capacity, (2 * kept + 32 + 15) & ~15);
  store<i32>(record, <i32>limit, LIMIT);
  if (kept + 16 > limit) store<i32>(record, 1, OVERFLOWED);
}

/** Replaces candidate e's interval. */
export function narrow(candidates: usize, capacity: usize, e: usize, middle: f32, half: f32): void {
  store<i32>(candidates + 4 * e, keyOf(middle - half));
  store<f32>(candidates + 4 * (UPPERS * capacity + e), middle + half);
}
