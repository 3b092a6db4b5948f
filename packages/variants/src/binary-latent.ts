/**
 * `binary-latent`: latents are 0 or 1, z = 1[h > 0]; atoms carry the magnitude.
 *
 * - `default`: the k largest h of each token, or of a batch k per token on average, or all of them under an L0 penalty;
 *   latents start as those whose atom, added once, brings the reconstruction nearer. Either side takes a quantizer.
 * - `reference`: no sparsity; z = 1[sigmoid(h) >= 1/2], which the packed SAE has as 1[h > 0]: they differ within rounding of 0.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { chooseActivation, switchChoices, switchKeys } from "./activation-config.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { linearLayers } from "./autoencoder/start.ts";
import { AT_LEAST_HALF, switches } from "./autoencoder/switches.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, canonicalKeys, decoderQuantizerKey, parsePreset, referenceKeys } from "./config.ts";
import { oneStage } from "./one-stage.ts";

export const binaryLatentConfigSchema = z.strictObject({
  ...autoencoderKeys,
  ...decoderQuantizerKey,
  ...switchKeys,
});

export const binaryLatentReferenceSchema = z.strictObject(referenceKeys);

export type BinaryLatentConfig = z.input<typeof binaryLatentConfigSchema> | z.input<typeof binaryLatentReferenceSchema>;

/**
 * An autoencoder with binary latents.
 *
 * @throws UsageError for unknown keys, keys of the other preset, or values out of range
 * @example
 * const variant = binaryLatent({ d_in: 512, d_sae: 8192, k: 32 }, quantizersByName());
 */
export function binaryLatent(config: BinaryLatentConfig, resolve: QuantizerResolver): Variant {
  const id = "binary-latent";
  const schemas = { default: binaryLatentConfigSchema, reference: binaryLatentReferenceSchema };
  const parsed = parsePreset(id, schemas, config);
  if (parsed.preset === "default") {
    const chosen = chooseActivation(id, switchChoices, parsed, canonicalKeys(id, config));
    return oneStage({ id, parsed, chosen, resolve });
  }
  return autoencoder({
    id,
    config: parsed,
    dIn: parsed.d_in,
    dSae: parsed.d_sae,
    decoderBias: "added",
    activation: switches({ threshold: AT_LEAST_HALF }),
    encoder: weights({ name: "W_enc" }),
    dictionary: weights({ name: "W_dec" }),
    start: linearLayers,
  });
}

export const binaryLatentFactory: VariantFactory = {
  id: "binary-latent",
  fromConfig: (config, resolve) => binaryLatent(config as BinaryLatentConfig, resolve),
};
