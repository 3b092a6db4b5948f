/** The plain TopK recipe as both sides are given it: the complete configuration of a cell, no default left to either. */
import { z } from "zod";
import type { TrainingConfig, Variant } from "@qsae/core";

const recipeSchema = z.object({
  d_in: z.number(),
  d_sae: z.number(),
  k: z.number(),
  /** Default of the variant: half of d_in. */
  aux_k: z.number().optional(),
  aux_k_coefficient: z.number(),
  // what else the peer implements, in one way only
  activation: z.literal("topk"),
  apply_b_dec_to_input: z.literal(true),
  encoder_quantizer: z.undefined().optional(),
  decoder_quantizer: z.undefined().optional(),
});

export type Recipe = Omit<z.output<typeof recipeSchema>, "aux_k"> & { readonly aux_k: number } & Pick<
    TrainingConfig,
    "batch_size" | "lr" | "lr_warmup_steps" | "lr_decay_fraction" | "seed" | "dead_after_tokens"
  > & { readonly steps: number };

/** @throws Error if the variant is another one than the peer implements */
export function recipeOf(variant: Variant, training: TrainingConfig): Recipe {
  const config = recipeSchema.parse(variant.config);
  const { batch_size, lr, lr_warmup_steps, lr_decay_fraction, seed, dead_after_tokens, steps } = training;
  if (steps === undefined) throw new Error("the peer counts steps, not epochs");
  return {
    ...config,
    aux_k: config.aux_k ?? Math.min(Math.ceil(config.d_in / 2), config.d_sae),
    ...{ batch_size, lr, lr_warmup_steps, lr_decay_fraction, seed, dead_after_tokens, steps },
  };
}
