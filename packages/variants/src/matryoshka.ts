/**
 * `matryoshka` (Bussmann, Nabeshima, Karvonen & Nanda 2025, "Learning multi-level features with Matryoshka sparse autoencoders",
 * section 3): nested dictionaries, the first m latents for each m of `prefixes`, all trained at once:
 *
 *     xhat_m = z[:m] W_dec[:m] + b_dec,   loss = mean over prefixes of MSE(xhat_m, target) + AuxK
 *
 * The paper has the sum over prefixes; the mean keeps the size of the loss, to which AuxK is relative. Latents are selected over
 * the whole dictionary, by BatchTopK as in the paper, or by TopK. Any number of prefixes can be decoded.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { ACTIVATION, batchTopKChoice, batchTopKKeys, chooseActivation, topKChoice } from "./activation-config.ts";
import { autoencoderKeys, canonicalKeys, decoderQuantizerKey, parseConfig } from "./config.ts";
import { oneStage } from "./one-stage.ts";
import { prefixEndsOf } from "./prefixes.ts";

/** By the value of `activation`. */
export const matryoshkaChoices = { "batch-topk": batchTopKChoice, topk: topKChoice };

export const matryoshkaConfigSchema = z.strictObject({
  ...autoencoderKeys,
  ...decoderQuantizerKey,
  activation: z.enum(["batch-topk", "topk"]).default("batch-topk").describe(ACTIVATION),
  ...batchTopKKeys,
  prefixes: z
    .array(z.number().positive())
    .min(1)
    .default([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])
    .describe(
      "Ends of the nested prefixes, ascending: shares of d_sae, the last 1, or numbers of latents, the last d_sae.",
    ),
});

export type MatryoshkaConfig = z.input<typeof matryoshkaConfigSchema>;

/**
 * An autoencoder of nested dictionaries.
 *
 * @throws UsageError for unknown keys, keys of the other activation, or values out of range
 * @example
 * const variant = matryoshka({ d_in: 512, d_sae: 8192, k: 32, prefixes: [512, 2048, 8192] }, quantizersByName());
 */
export function matryoshka(config: MatryoshkaConfig, resolve: QuantizerResolver): Variant {
  const id = "matryoshka";
  const given = canonicalKeys(id, config);
  const parsed = parseConfig(id, matryoshkaConfigSchema, given);
  const chosen = chooseActivation(id, matryoshkaChoices, parsed, given);
  return oneStage({ id, parsed, chosen, resolve, prefixEnds: prefixEndsOf(id, parsed.d_sae, parsed.prefixes) });
}

export const matryoshkaFactory: VariantFactory = {
  id: "matryoshka",
  fromConfig: (config, resolve) => matryoshka(config as MatryoshkaConfig, resolve),
};
