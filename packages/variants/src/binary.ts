/**
 * `binary`: an n-bit dictionary.
 *
 * - `default`: any activation; one bit is -1 or +1 times a scale per atom, more are two's complement on a centred grid (code + 1/2)
 *   times a scale per atom. Bits are hard in the forward pass and trained straight through, or soft ones that harden over
 *   the run (`estimator`); packed they are hard; warm-starts from a float `W_dec`.
 * - `reference`: soft bits in training, hard ones in the packed SAE; TopK whose latents may be negative.
 */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { activationKeys, chooseActivation, magnitudeChoices } from "./activation-config.ts";
import { annealedBits, type AnnealedBitsOptions } from "./autoencoder/annealed-bits.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { softBits } from "./autoencoder/soft-bits.ts";
import { glorot } from "./autoencoder/start.ts";
import { topK } from "./autoencoder/top-k.ts";
import { weights, type Weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, canonicalKeys, parsePreset, referenceKeys, refuseFixedKeys, requireKFits } from "./config.ts";
import { oneStage } from "./one-stage.ts";

const nBits = z.number().int().min(1).max(8).default(4).describe("Bits per dictionary weight.");

/**
 * By the value of `estimator`: how the dictionary trains through its rounding. Straight through is the default: held-out FVU (d_in
 * 256, d_sae 2048, k 32) of 4 bits after 600 steps 0.101, annealed 0.129; of 1 bit 0.173, annealed 0.169, but after 1500 steps 0.165
 * and 0.207 (annealed to the end of the run, without a hard last tenth). Rounding that is all but hard stops the gradients of most
 * weights.
 */
const estimators = {
  "straight-through": ({ quantizer }: AnnealedBitsOptions): Weights => weights({ name: "W_dec", quantizer }),
  "annealed-sigmoid": annealedBits,
};

export const binaryConfigSchema = z.strictObject({
  ...autoencoderKeys,
  ...activationKeys,
  n_bits: nBits,
  estimator: z
    .enum(["straight-through", "annealed-sigmoid"])
    .default("straight-through")
    .describe(
      "How the dictionary trains through its rounding: as if there were none, or with one that hardens over the run.",
    ),
});

export const binaryReferenceSchema = z.strictObject({
  ...referenceKeys,
  n_bits: nBits,
  gamma: z.number().positive().default(1.5).describe("Largest magnitude of a weight."),
  k: z.number().int().positive().optional().describe("Active latents per token. Default: 0.002 d_sae, rounded down."),
  polarize_lambda: z
    .number()
    .nonnegative()
    .default(1e-2)
    .describe("Weight of the loss that draws soft bits to 0 and 1."),
});

export type BinaryConfig = z.input<typeof binaryConfigSchema> | z.input<typeof binaryReferenceSchema>;

/**
 * An autoencoder with an n-bit dictionary.
 *
 * @throws UsageError for unknown keys, keys of the other preset, or values out of range
 * @example
 * const variant = binary({ d_in: 512, d_sae: 8192, k: 32, n_bits: 1 }, quantizersByName());
 */
export function binary(config: BinaryConfig, resolve: QuantizerResolver): Variant {
  const id = "binary";
  refuseFixedKeys(id, config, { decoder_quantizer: "its dictionary is quantized to n_bits" });
  const parsed = parsePreset(id, { default: binaryConfigSchema, reference: binaryReferenceSchema }, config);
  if (parsed.preset === "reference") return referenceBinary(parsed);
  const chosen = chooseActivation(id, magnitudeChoices, parsed, canonicalKeys(id, config));
  const { n_bits: bits, estimator } = parsed;
  const quantizer = resolve(bits === 1 ? "binary" : `centered-int${bits}`);
  const dictionary = estimators[estimator]({ bits, quantizer });
  return oneStage({ id, parsed, chosen, resolve, dictionary: { weights: dictionary } });
}

function referenceBinary(parsed: z.output<typeof binaryReferenceSchema>): Variant {
  const { d_in: dIn, d_sae: dSae } = parsed;
  const k = parsed.k ?? Math.floor(0.002 * dSae);
  if (k === 0) throw new UsageError(`variant binary: 0.002 of d_sae=${dSae} is no latent; give k`);
  requireKFits("binary", k, dSae);
  return autoencoder({
    id: "binary",
    config: parsed,
    dIn,
    dSae,
    decoderBias: "added",
    activation: topK({ k, relu: false, auxK: 0, auxKCoefficient: 0 }),
    encoder: weights({ name: "W_enc" }),
    dictionary: softBits({
      dIn,
      bits: parsed.n_bits,
      gamma: parsed.gamma,
      polarizeLambda: parsed.polarize_lambda,
    }),
    start: glorot,
    mseWeight: 0.5,
  });
}

export const binaryFactory: VariantFactory = {
  id: "binary",
  fromConfig: (config, resolve) => binary(config as BinaryConfig, resolve),
};
