/**
 * `baseline`: a sparse autoencoder, float unless quantizers are named.
 *
 * - `default`: unit-norm atoms, `W_enc = W_dec^T` at the start, and any activation.
 * - `reference`: TopK whose latents may be negative; atoms are divided by their norms after each step.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { activationKeys, chooseActivation, magnitudeChoices } from "./activation-config.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { linearLayers } from "./autoencoder/start.ts";
import { topK } from "./autoencoder/top-k.ts";
import { normalizedAfterSteps } from "./autoencoder/unit-norm.ts";
import { weights } from "./autoencoder/weights.ts";
import {
  autoencoderKeys,
  canonicalKeys,
  decoderQuantizerKey,
  parsePreset,
  referenceKeys,
  requireKFits,
} from "./config.ts";
import { oneStage } from "./one-stage.ts";

export const baselineConfigSchema = z.strictObject({ ...autoencoderKeys, ...decoderQuantizerKey, ...activationKeys });

export const baselineReferenceSchema = z.strictObject({
  ...referenceKeys,
  k: z.number().int().positive().default(32).describe("Active latents per token."),
});

export type BaselineConfig = z.input<typeof baselineConfigSchema> | z.input<typeof baselineReferenceSchema>;

/**
 * A baseline autoencoder.
 *
 * @throws UsageError for unknown keys, values out of range, or keys of another preset or activation
 * @example
 * const variant = baseline({ d_in: 512, d_sae: 8192, activation: "topk", k: 32 }, quantizersByName());
 */
export function baseline(config: BaselineConfig, resolve: QuantizerResolver): Variant {
  const id = "baseline";
  const parsed = parsePreset(id, { default: baselineConfigSchema, reference: baselineReferenceSchema }, config);
  if (parsed.preset === "reference") return referenceBaseline(parsed);
  const chosen = chooseActivation(id, magnitudeChoices, parsed, canonicalKeys(id, config));
  return oneStage({ id, parsed, chosen, resolve });
}

function referenceBaseline(parsed: z.output<typeof baselineReferenceSchema>): Variant {
  requireKFits("baseline", parsed.k, parsed.d_sae);
  return autoencoder({
    id: "baseline",
    config: parsed,
    dIn: parsed.d_in,
    dSae: parsed.d_sae,
    decoderBias: "added",
    activation: topK({ k: parsed.k, relu: false, auxK: 0, auxKCoefficient: 0 }),
    encoder: weights({ name: "W_enc" }),
    dictionary: weights({ name: "W_dec" }),
    constraint: normalizedAfterSteps,
    start: linearLayers,
  });
}

export const baselineFactory: VariantFactory = {
  id: "baseline",
  fromConfig: (config, resolve) => baseline(config as BaselineConfig, resolve),
};
