/** Token ids in windows of equal length, the shape in which a language model is run. */
export interface TokenWindows {
  /** `[count, context]` */
  readonly ids: Int32Array;
  readonly count: number;
  /** Tokens per window. */
  readonly context: number;
}
