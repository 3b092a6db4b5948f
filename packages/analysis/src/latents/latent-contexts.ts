/** Where each latent fires strongest, with the tokens around. */

/** The tokens of the data that was evaluated. */
export interface TokenTexts {
  /** Distinct tokens, as people read them. */
  readonly pieces: readonly string[];
  /** `[rows]` of the data: index in `pieces` */
  readonly tokens: Int32Array;
  /** Rows of one stretch of text: a context does not go beyond a multiple of it. */
  readonly rowsPerWindow: number;
}

/** In compressed-row form: latent j owns contexts `offsets[j] .. offsets[j + 1]`, the strongest first. */
export interface LatentContexts {
  readonly texts: TokenTexts;
  /** Tokens shown before and after the one on which the latent fires strongest; fewer at the ends of a window. */
  readonly before: number;
  readonly after: number;
  /** `[d_sae + 1]` */
  readonly offsets: Int32Array;
  /** `[contexts]` row of the token on which the latent fires strongest. */
  readonly rows: Int32Array;
  /** `[contexts]` the latent's value there. */
  readonly values: Float32Array;
  /**
   * `[contexts, before + 1 + after]` the latent's value on each token of the context, in 255ths of its largest value; 0 where it
   * does not fire, and beyond the ends of a window.
   */
  readonly strengths: Uint8Array;
}
