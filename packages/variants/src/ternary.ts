/**
 * `ternary`: atoms of -1, 0, +1.
 *
 * - `default`: any activation; atoms times a learned scale each, trained straight through. 1.6 bits per dictionary weight on disk, plus
 *   the scales.
 * - `reference`: ReLU, sign(w) 1[|w| >= threshold] without scale or bias, under a mask that drops and grows.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { activationKeys, chooseActivation, magnitudeChoices } from "./activation-config.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { hardSign } from "./autoencoder/hard-sign.ts";
import { relu } from "./autoencoder/relu.ts";
import { riglMask } from "./autoencoder/rigl-mask.ts";
import { normalAtoms } from "./autoencoder/start.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, canonicalKeys, parsePreset, referenceKeys, refuseFixedKeys } from "./config.ts";
import { chooseMask, maskKeys } from "./mask-config.ts";
import { oneStage } from "./one-stage.ts";

export const ternaryConfigSchema = z.strictObject({ ...autoencoderKeys, ...activationKeys, ...maskKeys });

export const ternaryReferenceSchema = z.strictObject({
  ...referenceKeys,
  threshold: z.number().positive().default(0.5).describe("Smallest |w| that is not 0."),
  sparsity: z.number().min(0).lt(1).default(0.7).describe("Share of the decoder's weights that are masked."),
  f_decay: z.number().min(0).max(1).default(0.3).describe("Share of the active weights that a mask update drops."),
  mask_update_every: z.number().int().positive().default(1).describe("Steps from one mask update to the next."),
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
  const id = "ternary";
  refuseFixedKeys(id, config, { decoder_quantizer: "its dictionary is ternary" });
  const parsed = parsePreset(id, { default: ternaryConfigSchema, reference: ternaryReferenceSchema }, config);
  if (parsed.preset === "reference") return referenceTernary(parsed);
  const given = canonicalKeys(id, config);
  const chosen = chooseActivation(id, magnitudeChoices, parsed, given);
  const { dictionary, configOf } = chooseMask(id, parsed, given, resolve("ternary"));
  return oneStage({ id, parsed, chosen: { ...chosen, config: configOf(chosen.config) }, resolve, dictionary });
}

function referenceTernary(parsed: z.output<typeof ternaryReferenceSchema>): Variant {
  const { threshold, sparsity } = parsed;
  return autoencoder({
    id: "ternary",
    config: parsed,
    dIn: parsed.d_in,
    dSae: parsed.d_sae,
    decoderBias: "none",
    activation: relu(),
    encoder: weights({ name: "W_enc" }),
    dictionary: hardSign({ threshold, sparsity }),
    constraint: riglMask({ sparsity, dropFraction: parsed.f_decay, everySteps: parsed.mask_update_every }),
    start: normalAtoms,
  });
}

export const ternaryFactory: VariantFactory = {
  id: "ternary",
  fromConfig: (config, resolve) => ternary(config as TernaryConfig, resolve),
};
