/** Configuration keys of variants with levels. */
import { z } from "zod";
import { quantizerName } from "../config.ts";

export const levelKeys = {
  n_bits: z.number().int().min(1).max(16).default(4).describe("Number of levels."),
  gamma: z.number().positive().default(1.5).describe("Norms of the atoms: gamma / 2 at the first level."),
};

/** Keys of `default` presets with levels. */
export const levelLossKeys = {
  joint: z.boolean().default(true).describe("Whether the losses of later levels train earlier ones too."),
  // As much weight on every level costs the last one a tenth of its FVU and more; no weight costs the first one a third.
  earlier_weight: z
    .number()
    .nonnegative()
    .default(0.1)
    .describe("Weight of the error that is left after each level but the last, whose weight is 1."),
};

/** One per level. */
export const lossWeights = (levels: number, earlierWeight: number): readonly number[] =>
  Array.from({ length: levels }, (_, i) => (i === levels - 1 ? 1 : earlierWeight));

export const quantizedDictionaryKey = {
  decoder_quantizer: quantizerName.default("ternary").describe("Quantizer of the dictionary while training, by name."),
};
