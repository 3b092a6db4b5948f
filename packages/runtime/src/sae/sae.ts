import type { Latents } from "../latents.ts";
import type { PackedDescription } from "../packed/schema.ts";

/**
 * A sparse autoencoder ready to run. Inputs and reconstructions are activations as the model has them: scaling and
 * rotation happen inside.
 */
export interface Sae {
  /** Width of the activations. */
  readonly dIn: number;
  /** Latents of all stages. */
  readonly dSae: number;
  /**
   * How many reconstructions of growing quality there are: the nested prefixes of each stage, stage after stage.
   * 1 for a plain SAE.
   */
  readonly levels: number;
  /** `[levels]`: latents below `levelEnds[m - 1]` take part in the first m levels. Ascending, the last is `dSae`. */
  readonly levelEnds: readonly number[];
  readonly description: PackedDescription;

  /**
   * Latents of n tokens, non-zero ones only. A token's latents do not depend on the other tokens.
   *
   * @param x `[n, d_in]` row-major; n may be 0
   * @throws UsageError if the length of x is no multiple of `dIn`
   * @throws NonFiniteError naming the token row if x, or a score computed from it, is NaN or Inf
   */
  encode(x: Float32Array): Latents;

  /**
   * Reconstructions from latents, which may have been changed since {@link Sae.encode} (steering).
   *
   * @returns `[n, d_in]`
   * @throws UsageError if latents are not well-formed or not of this SAE, or x is needed and absent
   * @throws NonFiniteError naming the token row of a latent that is NaN or Inf
   */
  decode(latents: Latents, options?: DecodeOptions): Float32Array;

  /** `decode(encode(x))`, block by block, without holding all latents. Throws as they do. */
  reconstruct(x: Float32Array, options?: Pick<DecodeOptions, "levels">): Float32Array;

  /**
   * What latent j adds to a reconstruction per unit of its value, in the space of the activations: its decoder row with
   * output weight, inverse rotation and inverse scale applied.
   *
   * @returns `[d_in]`, a copy
   * @throws UsageError unless j is an integer in `0..dSae - 1`
   */
  atom(j: number): Float32Array;
}

export interface DecodeOptions {
  /** Use the first m levels only, `1..levels`. Default: all. */
  readonly levels?: number;
  /** The activations `[n, d_in]` the latents came from. Needed by SAEs with a skip connection, ignored by others. */
  readonly x?: Float32Array;
}
