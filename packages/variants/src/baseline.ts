/**
 * `baseline`: a float sparse autoencoder.
 *
 * - `default`: unit-norm atoms, `W_enc = W_dec^T` at the start, and ReLU, TopK or JumpReLU by configuration.
 * - `reference`: TopK whose latents may be negative; atoms are divided by their norms after each step.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import type { Activation } from "./autoencoder/activation.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import { jumpRelu } from "./autoencoder/jump-relu.ts";
import { relu } from "./autoencoder/relu.ts";
import { linearLayers } from "./autoencoder/start.ts";
import { topK } from "./autoencoder/top-k.ts";
import { normalizedAfterSteps, unitNorm } from "./autoencoder/unit-norm.ts";
import { weights } from "./autoencoder/weights.ts";
import { autoencoderKeys, canonicalKeys, parsePreset, referenceKeys, requireKFits, topKKeys } from "./config.ts";

export const baselineConfigSchema = z.strictObject({
  ...autoencoderKeys,
  activation: z.enum(["topk", "relu", "jumprelu"]).default("topk"),
  ...topKKeys,
  /** ReLU: weight of the L1 penalty. */
  l1_coefficient: z.number().nonnegative().default(1e-3),
  /** JumpReLU: weight of the L0 penalty. */
  l0_coefficient: z.number().nonnegative().default(1e-3),
  /** JumpReLU: width of the rectangle kernel through which thresholds learn. */
  bandwidth: z.number().positive().default(1e-2),
  /** JumpReLU: thresholds at the start. */
  initial_threshold: z.number().positive().default(1e-2),
  /** ReLU and JumpReLU: share of the run over which the sparsity penalty rises from 0. */
  sparsity_warmup_fraction: z.number().min(0).max(1).default(0.1),
  /** Quantizer of the dictionary while training, by name; absent: float. */
  decoder_quantizer: z.string().optional(),
});

export const baselineReferenceSchema = z.strictObject({
  ...referenceKeys,
  /** Active latents per token. */
  k: z.number().int().positive().default(32),
});

export type BaselineConfig = z.input<typeof baselineConfigSchema> | z.input<typeof baselineReferenceSchema>;
type ParsedBaseline = z.output<typeof baselineConfigSchema>;

/** Keys that mean nothing with another activation: given there, they are mistakes. */
const activationKeys: Readonly<Record<string, ParsedBaseline["activation"][]>> = {
  k: ["topk"],
  aux_k: ["topk"],
  aux_k_coefficient: ["topk"],
  l1_coefficient: ["relu"],
  l0_coefficient: ["jumprelu"],
  bandwidth: ["jumprelu"],
  initial_threshold: ["jumprelu"],
  sparsity_warmup_fraction: ["relu", "jumprelu"],
};

/**
 * A baseline autoencoder.
 *
 * @throws UsageError for unknown keys, values out of range, or keys of another preset or activation
 * @example
 * const variant = baseline({ d_in: 512, d_sae: 8192, activation: "topk", k: 32 }, quantizersByName());
 */
export function baseline(config: BaselineConfig, resolve: QuantizerResolver): Variant {
  const schemas = { default: baselineConfigSchema, reference: baselineReferenceSchema };
  const parsed = parsePreset("baseline", schemas, config);
  if (parsed.preset === "reference") return referenceBaseline(parsed);
  const given = canonicalKeys("baseline", config);
  const foreign = Object.keys(activationKeys).filter(
    (key) => key in given && !activationKeys[key]!.includes(parsed.activation),
  );
  if (foreign.length > 0) {
    const allowed = foreign.map((key) => `${key} belongs to ${activationKeys[key]!.join(" and ")}`);
    throw new UsageError(
      `variant baseline: activation is ${parsed.activation}, but ${allowed.join(", ")}; remove the key or change activation`,
    );
  }
  if (parsed.activation === "topk") requireKFits("baseline", parsed.k, parsed.d_sae);
  const { d_in: dIn, d_sae: dSae, encoder_quantizer: encoderName, decoder_quantizer: decoderName } = parsed;
  return autoencoder({
    id: "baseline",
    config: ownKeys(parsed),
    dIn,
    dSae,
    decoderBias: parsed.apply_b_dec_to_input ? "added and subtracted" : "added",
    activation: activationOf(parsed),
    encoder: weights({ name: "W_enc", ...(encoderName ? { quantizer: resolve(encoderName) } : {}) }),
    dictionary: weights({ name: "W_dec", ...(decoderName ? { quantizer: resolve(decoderName) } : {}) }),
    ...(decoderName === undefined ? { constraint: unitNorm } : {}),
  });
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

/** The configuration without defaults of activations that are not in use. */
function ownKeys(parsed: ParsedBaseline): Record<string, unknown> {
  const used = Object.entries(parsed).filter(([key]) => activationKeys[key]?.includes(parsed.activation) ?? true);
  return Object.fromEntries(used);
}

function activationOf(config: ParsedBaseline): Activation {
  const { d_in: dIn, d_sae: dSae } = config;
  switch (config.activation) {
    case "topk":
      return topK({
        k: config.k,
        auxK: Math.min(config.aux_k ?? Math.ceil(dIn / 2), dSae),
        auxKCoefficient: config.aux_k_coefficient,
      });
    case "relu":
      return relu({ l1Coefficient: config.l1_coefficient, l1WarmupFraction: config.sparsity_warmup_fraction });
    case "jumprelu":
      return jumpRelu({
        dSae,
        l0Coefficient: config.l0_coefficient,
        l0WarmupFraction: config.sparsity_warmup_fraction,
        bandwidth: config.bandwidth,
        initialThreshold: config.initial_threshold,
      });
  }
}
