/**
 * Gradients to the dictionaries of a sparse autoencoder. Only k of f latents per token carry a gradient, so each row of
 * dW is a weighted sum of the tokens its latent fired on (buckets.ts): the work of a decode instead of a dense product.
 */
import { smaller, ceilDiv } from "./arithmetic";
import { beat, nextTile } from "./control";
import { addScaled } from "./matvec";
import { transpose4 } from "./pack";
import { addFourRows, startRow } from "./weighted-rows";

/** Latents per tile: 256 bytes of each row of dW_enc, for rows lie on different pages (64 bytes take 1.5 times as long). */
const LATENTS: usize = 64;

/** out [f, d]: row j is the sum of `weights[entry] * rows[token]` over the entries of latent j; rows [n, d]. */
export function decoderGradient(
  thread: usize,
  starts: usize,
  tokens: usize,
  entries: usize,
  weights: usize,
  rows: usize,
  out: usize,
  f: usize,
  d: usize,
): void {
  const count = ceilDiv(f, LATENTS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(f, (t + 1) * LATENTS);
    for (let j = t * LATENTS; j < end; j++) sumBucket(j, starts, tokens, entries, weights, rows, out + 4 * j * d, d);
    beat();
  }
}

/**
 * The same sums as columns of out [d, f], and dBias [f] (0 for none) the sums of the weights. A tile's sums are collected
 * in scratch (`256 * d` bytes per thread) and leave it as whole lines.
 */
export function encoderGradient(
  thread: usize,
  starts: usize,
  tokens: usize,
  entries: usize,
  weights: usize,
  rows: usize,
  out: usize,
  dBias: usize,
  f: usize,
  d: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const sums = scratch + thread * scratchStride;
  const count = ceilDiv(f, LATENTS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const j0 = t * LATENTS;
    const width = smaller(LATENTS, f - j0);
    for (let j: usize = 0; j < width; j++) {
      sumBucket(j0 + j, starts, tokens, entries, weights, rows, sums + 4 * j * d, d);
      if (dBias) store<f32>(dBias + 4 * (j0 + j), sumWeights(j0 + j, starts, entries, weights));
    }
    let i: usize = 0;
    if (width == LATENTS) {
      for (; i + 4 <= d; i += 4) {
        const to = out + 4 * (i * f + j0);
        for (let j: usize = 0; j < LATENTS; j += 4) transpose4(sums + 4 * (j * d + i), 4 * d, to + 4 * j, 4 * f);
      }
    }
    for (; i < d; i++) {
      for (let j: usize = 0; j < width; j++) store<f32>(out + 4 * (i * f + j0 + j), load<f32>(sums + 4 * (j * d + i)));
    }
    beat();
  }
}

function sumBucket(
  latent: usize,
  starts: usize,
  tokens: usize,
  entries: usize,
  weights: usize,
  rows: usize,
  to: usize,
  d: usize,
): void {
  startRow(to, 0, d);
  let p = <usize>load<i32>(starts + 4 * latent);
  const last = <usize>load<i32>(starts + 4 * latent + 4);
  for (; p + 4 <= last; p += 4) {
    const e = entries + 4 * p;
    const i = tokens + 4 * p;
    addFourRows(
      to,
      d,
      load<f32>(weights + 4 * <usize>load<i32>(e)),
      rows + 4 * <usize>load<i32>(i) * d,
      load<f32>(weights + 4 * <usize>load<i32>(e, 4)),
      rows + 4 * <usize>load<i32>(i, 4) * d,
      load<f32>(weights + 4 * <usize>load<i32>(e, 8)),
      rows + 4 * <usize>load<i32>(i, 8) * d,
      load<f32>(weights + 4 * <usize>load<i32>(e, 12)),
      rows + 4 * <usize>load<i32>(i, 12) * d,
    );
  }
  for (; p < last; p++) {
    const weight = load<f32>(weights + 4 * <usize>load<i32>(entries + 4 * p));
    addScaled(to, weight, rows + 4 * <usize>load<i32>(tokens + 4 * p) * d, d);
  }
}

function sumWeights(latent: usize, starts: usize, entries: usize, weights: usize): f32 {
  // In f64: a latent that fires on every token sums thousands of terms one after the other.
  let sum: f64 = 0;
  const last = <usize>load<i32>(starts + 4 * latent + 4);
  for (let p = <usize>load<i32>(starts + 4 * latent); p < last; p++) {
    sum += <f64>load<f32>(weights + 4 * <usize>load<i32>(entries + 4 * p));
  }
  return <f32>sum;
}
