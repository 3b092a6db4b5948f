/**
 * `ternary`: a TopK autoencoder whose atoms are -1, 0, +1 times a learned scale per atom, trained straight through. 1.6 bits
 * per dictionary weight on disk, plus the scales.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { topK } from "./autoencoder/top-k.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, parseConfig, requireKFits, topKKeys } from "./config.ts";

export const ternaryConfigSchema = z.strictObject({ ...autoencoderKeys, ...topKKeys });

export type TernaryConfig = z.input<typeof ternaryConfigSchema>;

/**
 * A ternary autoencoder.
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = ternary({ d_in: 512, d_sae: 8192, k: 32 }, quantizersByName());
 */
export function ternary(config: TernaryConfig, resolve: QuantizerResolver): Variant {
  const parsed = parseConfig("ternary", ternaryConfigSchema, config);
  const { d_in: dIn, d_sae: dSae, k, encoder_quantizer: encoderName } = parsed;
  requireKFits("ternary", k, dSae);
  return autoencoder({
    id: "ternary",
    config: parsed,
    dIn,
    dSae,
    applyBDecToInput: parsed.apply_b_dec_to_input,
    activation: topK({
      k,
      auxK: Math.min(parsed.aux_k ?? Math.ceil(dIn / 2), dSae),
      auxKCoefficient: parsed.aux_k_coefficient,
    }),
    encoder: weights({ name: "W_enc", ...(encoderName ? { quantizer: resolve(encoderName) } : {}) }),
    dictionary: weights({ name: "W_dec", quantizer: resolve("ternary") }),
    unitNormAtoms: false,
  });
}

export const ternaryFactory: VariantFactory = {
  id: "ternary",
  fromConfig: (config, resolve) => ternary(config as TernaryConfig, resolve),
};
