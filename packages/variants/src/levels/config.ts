/** Configuration keys of variants with levels. */
import { z } from "zod";

export const levelKeys = {
  /** Levels. */
  n_bits: z.number().int().min(1).max(16).default(4),
  /** Norms of the atoms: gamma / 2 at the first level. */
  gamma: z.number().positive().default(1.5),
};

/** Keys of `default` presets with levels. */
export const levelLossKeys = {
  /** Whether the losses of later levels train earlier ones too. */
  joint: z.boolean().default(true),
  /**
   * Weight of the error that is left after each level but the last, whose weight is 1. As much weight on every level costs the
   * last one a tenth of its FVU and more; no weight costs the first one a third.
   */
  earlier_weight: z.number().nonnegative().default(0.1),
};

/** One per level. */
export const lossWeights = (levels: number, earlierWeight: number): readonly number[] =>
  Array.from({ length: levels }, (_, i) => (i === levels - 1 ? 1 : earlierWeight));

export const quantizedDictionaryKey = {
  /** Quantizer of the dictionary while training, by name. */
  decoder_quantizer: z.string().default("ternary"),
};
