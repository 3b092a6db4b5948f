/**
 * Which tokens have scores that are finite in float32 without looking at them, by Cauchy & Schwarz: wherever the sum is
 * broken off,
 *
 *     |b_j + sum_d u_d w_jd| <= |b_j| + ||u|| ||w_j||
 */

/** Float32 ends at 3.4e38; rounding along a sum stays far below the rest. */
const LIMIT = 1e38;

/**
 * Tokens whose norm is below this have finite scores. Encoder rows of zeros do not count: the score is then b_enc, which may
 * be the lowest float32 (latents that were dropped).
 *
 * @param encoder `[d_sae, d_in]`
 * @param bEnc `[d_sae]`
 */
export function largestSafeNorm(encoder: Float32Array, bEnc: Float32Array): number {
  let safe = LIMIT;
  rowNorms(encoder, encoder.length / bEnc.length).forEach((norm, j) => {
    if (norm > 0) safe = Math.min(safe, (LIMIT - Math.abs(bEnc[j]!)) / norm);
  });
  return safe;
}

/** Norms of the rows of a matrix, in float64. */
export function rowNorms(matrix: Float32Array | Float64Array, columns: number): Float64Array {
  const norms = new Float64Array(matrix.length / columns);
  for (let row = 0, at = 0; row < norms.length; row++) {
    let squares = 0;
    for (let c = 0; c < columns; c++, at++) squares += matrix[at]! * matrix[at]!;
    norms[row] = Math.sqrt(squares);
  }
  return norms;
}
