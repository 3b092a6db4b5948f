/**
 * Mean and total variation of a stream of vectors in one pass:
 *
 *     V = sum_i ||x_i - mean(x)||^2
 *
 * Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1: each batch is reduced by two passes
 * around its own mean, then merged. Values are shifted by the first row of the stream, so a large common mean costs no
 * digits and constant data gives exactly 0.
 */
export interface StreamingMoments {
  /** Adds `n` rows of `x [n, d]`. */
  update(x: Float32Array, n: number): void;
  count(): number;
  /** `[d]`. All zeros before the first row. */
  mean(): Float64Array;
  /** `V`, summed over dimensions. */
  totalVariation(): number;
}

/** Moments of vectors of width `d`, in float64. */
export function streamingMoments(d: number): StreamingMoments {
  const shift = new Float64Array(d);
  const mean = new Float64Array(d); // of x - shift, rows so far
  const variation = new Float64Array(d); // sum (x - mean)^2 per dimension, rows so far
  const batchMean = new Float64Array(d);
  const batchVariation = new Float64Array(d);
  let count = 0;

  return {
    update(x, n) {
      if (n === 0) return;
      if (count === 0) for (let c = 0; c < d; c++) shift[c] = x[c]!;
      batchMean.fill(0);
      batchVariation.fill(0);
      for (let i = 0, at = 0; i < n; i++) for (let c = 0; c < d; c++) batchMean[c]! += x[at++]! - shift[c]!;
      for (let c = 0; c < d; c++) batchMean[c]! /= n;
      for (let i = 0, at = 0; i < n; i++) {
        for (let c = 0; c < d; c++) {
          const deviation = x[at++]! - shift[c]! - batchMean[c]!;
          batchVariation[c]! += deviation * deviation;
        }
      }
      const total = count + n;
      for (let c = 0; c < d; c++) {
        const delta = batchMean[c]! - mean[c]!;
        variation[c]! += batchVariation[c]! + (delta * delta * count * n) / total;
        mean[c]! += (delta * n) / total;
      }
      count = total;
    },
    count: () => count,
    mean: () => mean.map((value, c) => value + shift[c]!),
    totalVariation: () => variation.reduce((sum, value) => sum + value, 0),
  };
}
