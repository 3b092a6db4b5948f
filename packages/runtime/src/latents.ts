/**
 * Sparse latents of n tokens in compressed-row form. Indices ascend within a token; only non-zero values are stored.
 */
export interface Latents {
  /** Latents per token, `d_sae` summed over stages (stage s starts at the sum of the earlier widths). */
  readonly dSae: number;
  /** `[n + 1]`; token i owns entries `offsets[i] .. offsets[i + 1]`. */
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}
