/** Configuration keys of variants with levels. */
import { z } from "zod";

export const levelKeys = {
  /** Levels. */
  n_bits: z.number().int().min(1).max(16).default(4),
  /** Norms of the atoms: gamma / 2 at the first level. */
  gamma: z.number().positive().default(1.5),
};

export const quantizedDictionaryKey = {
  /** Quantizer of the dictionary while training, by name. */
  decoder_quantizer: z.string().default("ternary"),
};
