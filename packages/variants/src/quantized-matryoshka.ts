/**
 * `quantized-matryoshka`: a dictionary of ternary atoms in levels of growing size, whose first m levels are an SAE of their own.
 *
 * - `default`: a `matryoshka` whose prefixes are the levels and whose atoms are quantized: -1, 0, +1 times a learned scale each.
 *   TopK latents over the whole dictionary, or BatchTopK, or switches; losses of all prefixes reach all earlier levels
 *   (Bussmann et al. 2025, "Matryoshka sparse autoencoders"), or each its own level only (`joint: false`).
 * - `reference`: switches, stage-wise, atoms of fixed norm (`levels/switch-matryoshka.ts`).
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import {
  ACTIVATION,
  batchTopKChoice,
  batchTopKKeys,
  chooseActivation,
  switchChoices,
  topKChoice,
} from "./activation-config.ts";
import { autoencoderKeys, canonicalKeys, parsePreset, referenceKeys, sparsityKeys } from "./config.ts";
import { levelKeys, levelLossKeys, lossWeights, quantizedDictionaryKey } from "./levels/config.ts";
import { levelsOf } from "./levels/level-sizes.ts";
import { switchMatryoshka } from "./levels/switch-matryoshka.ts";
import { oneStage } from "./one-stage.ts";

/** By the value of `activation` in the default preset. */
export const quantizedMatryoshkaChoices = { topk: topKChoice, "batch-topk": batchTopKChoice, ...switchChoices };

export const quantizedMatryoshkaConfigSchema = z.strictObject({
  ...autoencoderKeys,
  ...quantizedDictionaryKey,
  n_bits: levelKeys.n_bits,
  activation: z
    .enum(["topk", "batch-topk", "binary", "binary-topk", "binary-batch-topk"])
    .default("topk")
    .describe(ACTIVATION),
  ...batchTopKKeys,
  ...sparsityKeys,
  ...levelLossKeys,
});

export const quantizedMatryoshkaReferenceSchema = z.strictObject({
  ...referenceKeys,
  ...levelKeys,
  sparsity_lambda: sparsityKeys.sparsity_lambda,
  k: z.number().int().positive().optional().describe("Accepted and without effect, as in the reference."),
});

export type QuantizedMatryoshkaConfig =
  z.input<typeof quantizedMatryoshkaConfigSchema> | z.input<typeof quantizedMatryoshkaReferenceSchema>;

/**
 * An autoencoder whose dictionary is read level by level.
 *
 * @throws UsageError for unknown keys, keys of the other preset or activation, or values out of range
 * @example
 * const variant = quantizedMatryoshka({ d_in: 512, d_sae: 8192, n_bits: 4 }, quantizersByName());
 */
export function quantizedMatryoshka(config: QuantizedMatryoshkaConfig, resolve: QuantizerResolver): Variant {
  const id = "quantized-matryoshka";
  const schemas = { default: quantizedMatryoshkaConfigSchema, reference: quantizedMatryoshkaReferenceSchema };
  const parsed = parsePreset(id, schemas, config);
  const { d_in: dIn, d_sae: dSae } = parsed;
  const levels = levelsOf(id, dSae, parsed.n_bits);
  if (parsed.preset === "reference") {
    const norms = levels.map((_, i) => parsed.gamma / 2 ** (i + 1));
    return switchMatryoshka({ id, config: parsed, dIn, dSae, levels, norms, sparsityLambda: parsed.sparsity_lambda });
  }
  const chosen = chooseActivation(id, quantizedMatryoshkaChoices, parsed, canonicalKeys(id, config));
  const prefixEnds = levels.map(({ begin, size }) => begin + size);
  const prefixWeights = lossWeights(levels.length, parsed.earlier_weight);
  return oneStage({ id, parsed, chosen, resolve, prefixEnds, prefixWeights, joint: parsed.joint });
}

export const quantizedMatryoshkaFactory: VariantFactory = {
  id: "quantized-matryoshka",
  fromConfig: (config, resolve) => quantizedMatryoshka(config as QuantizedMatryoshkaConfig, resolve),
};
