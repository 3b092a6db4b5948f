/** The tokens that activations belong to, as people read them. */
export interface TokenTexts {
  /** Distinct tokens. */
  readonly pieces: readonly string[];
  /** `[rows]` of the data: index in `pieces` */
  readonly tokens: Int32Array;
  /** Rows of one stretch of text: no text goes on beyond a multiple of it. */
  readonly rowsPerWindow: number;
}
