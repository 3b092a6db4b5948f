/**
 * `ternary`: atoms of -1, 0, +1.
 *
 * - `default`: TopK, times a learned scale per atom, trained straight through. 1.6 bits per dictionary weight on disk, plus
 *   the scales.
 * - `reference`: ReLU, sign(w) 1[|w| >= threshold] without scale or bias, under a mask that drops and grows.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { hardSign } from "./autoencoder/hard-sign.ts";
import { relu } from "./autoencoder/relu.ts";
import { riglMask } from "./autoencoder/rigl-mask.ts";
import { normalAtoms } from "./autoencoder/start.ts";
import { topK } from "./autoencoder/top-k.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, parsePreset, referenceKeys, requireKFits, topKKeys } from "./config.ts";

export const ternaryConfigSchema = z.strictObject({ ...autoencoderKeys, ...topKKeys });

export const ternaryReferenceSchema = z.strictObject({
  ...referenceKeys,
  /** Smallest |w| that is not 0. */
  threshold: z.number().positive().default(0.5),
  /** Share of the decoder's weights that are masked. */
  sparsity: z.number().min(0).lt(1).default(0.7),
  /** Share of the active weights that a mask update drops. */
  f_decay: z.number().min(0).max(1).default(0.3),
  /** Steps from one mask update to the next. */
  mask_update_every: z.number().int().positive().default(1),
});

export type TernaryConfig = z.input<typeof ternaryConfigSchema> | z.input<typeof ternaryReferenceSchema>;

/**
 * A ternary autoencoder.
 *
 * @throws UsageError for unknown keys, keys of the other preset, or values out of range
 * @example
 * const variant = ternary({ d_in: 512, d_sae: 8192, k: 32 }, quantizersByName());
 */
export function ternary(config: TernaryConfig, resolve: QuantizerResolver): Variant {
  const parsed = parsePreset("ternary", { default: ternaryConfigSchema, reference: ternaryReferenceSchema }, config);
  const common = { id: "ternary", config: parsed, dIn: parsed.d_in, dSae: parsed.d_sae };
  if (parsed.preset === "reference") {
    const { threshold, sparsity } = parsed;
    return autoencoder({
      ...common,
      decoderBias: "none",
      activation: relu(),
      encoder: weights({ name: "W_enc" }),
      dictionary: hardSign({ threshold, sparsity }),
      constraint: riglMask({ sparsity, dropFraction: parsed.f_decay, everySteps: parsed.mask_update_every }),
      start: normalAtoms,
    });
  }
  const { d_in: dIn, d_sae: dSae, k, encoder_quantizer: encoderName } = parsed;
  requireKFits("ternary", k, dSae);
  return autoencoder({
    ...common,
    decoderBias: parsed.apply_b_dec_to_input ? "added and subtracted" : "added",
    activation: topK({
      k,
      auxK: Math.min(parsed.aux_k ?? Math.ceil(dIn / 2), dSae),
      auxKCoefficient: parsed.aux_k_coefficient,
    }),
    encoder: weights({ name: "W_enc", ...(encoderName ? { quantizer: resolve(encoderName) } : {}) }),
    dictionary: weights({ name: "W_dec", quantizer: resolve("ternary") }),
  });
}

export const ternaryFactory: VariantFactory = {
  id: "ternary",
  fromConfig: (config, resolve) => ternary(config as TernaryConfig, resolve),
};
