/**
 * `binary-latent`: latents are 0 or 1, z = 1[h > 0]; atoms carry the magnitude.
 *
 * - `default`: an L0 penalty; latents start as those whose atom, added once, brings the reconstruction nearer. Either side
 *   takes a quantizer.
 * - `reference`: no sparsity; z = 1[sigmoid(h) >= 1/2], which the packed SAE has as 1[h > 0]: they differ within rounding of 0.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { linearLayers, tiedToSwitches } from "./autoencoder/start.ts";
import { AT_LEAST_HALF, switches } from "./autoencoder/switches.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, parsePreset, referenceKeys, sparsityKeys } from "./config.ts";

export const binaryLatentConfigSchema = z.strictObject({
  ...autoencoderKeys,
  ...sparsityKeys,
  /** Quantizer of the dictionary while training, by name; absent: float. */
  decoder_quantizer: z.string().optional(),
});

export const binaryLatentReferenceSchema = z.strictObject(referenceKeys);

export type BinaryLatentConfig = z.input<typeof binaryLatentConfigSchema> | z.input<typeof binaryLatentReferenceSchema>;

/**
 * An autoencoder with binary latents.
 *
 * @throws UsageError for unknown keys, keys of the other preset, or values out of range
 * @example
 * const variant = binaryLatent({ d_in: 512, d_sae: 8192, sparsity_lambda: 1e-3 }, quantizersByName());
 */
export function binaryLatent(config: BinaryLatentConfig, resolve: QuantizerResolver): Variant {
  const schemas = { default: binaryLatentConfigSchema, reference: binaryLatentReferenceSchema };
  const parsed = parsePreset("binary-latent", schemas, config);
  const common = { id: "binary-latent", config: parsed, dIn: parsed.d_in, dSae: parsed.d_sae };
  if (parsed.preset === "reference") {
    return autoencoder({
      ...common,
      decoderBias: "added",
      activation: switches({ threshold: AT_LEAST_HALF }),
      encoder: weights({ name: "W_enc" }),
      dictionary: weights({ name: "W_dec" }),
      start: linearLayers,
    });
  }
  const { encoder_quantizer: encoderName, decoder_quantizer: decoderName } = parsed;
  return autoencoder({
    ...common,
    decoderBias: parsed.apply_b_dec_to_input ? "added and subtracted" : "added",
    activation: switches({
      sparsityLambda: parsed.sparsity_lambda,
      warmupFraction: parsed.sparsity_warmup_fraction,
    }),
    encoder: weights({ name: "W_enc", ...(encoderName ? { quantizer: resolve(encoderName) } : {}) }),
    dictionary: weights({ name: "W_dec", ...(decoderName ? { quantizer: resolve(decoderName) } : {}) }),
    start: tiedToSwitches,
  });
}

export const binaryLatentFactory: VariantFactory = {
  id: "binary-latent",
  fromConfig: (config, resolve) => binaryLatent(config as BinaryLatentConfig, resolve),
};
