/**
 * Activations chosen by configuration: which there are, the keys of each, and what is made of them. A key that belongs to
 * another activation than the chosen one is a mistake and refused.
 */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { Activation } from "./autoencoder/activation.ts";
import { batchTopK } from "./autoencoder/batch-top-k.ts";
import { gated } from "./autoencoder/gated.ts";
import { jumpRelu } from "./autoencoder/jump-relu.ts";
import { relu, type PAnnealing } from "./autoencoder/relu.ts";
import { switches } from "./autoencoder/switches.ts";
import { topK } from "./autoencoder/top-k.ts";
import { batchTopSwitches, topSwitches } from "./autoencoder/top-switches.ts";
import { requireKFits, sparsityKeys } from "./config.ts";

/** What the key `activation` is, wherever there is one. */
export const ACTIVATION = "Which latents are active and what they hold. Keys of other activations are refused.";

/** Keys of activations that select the k largest. */
export const topKKeys = {
  k: z.number().int().positive().default(32).describe("Active latents per token; of batch selections, on average."),
  aux_k: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("Dead latents that reconstruct the residual; 0 turns AuxK off. Default: d_in / 2, at most d_sae."),
  aux_k_coefficient: z
    .number()
    .nonnegative()
    .default(1 / 32)
    .describe("Weight of AuxK in the loss."),
};

/** Keys of activations that select the largest of a batch. */
export const batchTopKKeys = {
  ...topKKeys,
  max_k: z
    .number()
    .int()
    .positive()
    .optional()
    .describe(
      "Active latents of any one token while training, at most; near k the selection is TopK, which no threshold can stand for at inference. Default: 4 k, at most d_sae.",
    ),
};

const l1Keys = {
  // Held-out FVU and L0 of 400 steps on two models, d_sae 1024: relu at 2 has 0.35 with 49 (d_in 128) and 0.22 with 61 (d_in 256), at
  // 5 collapses; gated at 2 has 0.14 with 80, at 4 0.17 with 44, at 5 0.37 with 22.
  l1_coefficient: z
    .number()
    .nonnegative()
    .default(3)
    .describe(
      "Weight of the L1 penalty where squared errors are summed over dimensions and activations have norm sqrt(d_in); those of the data are taken as if they had.",
    ),
  /** Share of the run over which the sparsity penalty rises from 0. */
  sparsity_warmup_fraction: sparsityKeys.sparsity_warmup_fraction,
};

const reluKeys = {
  ...l1Keys,
  p_end: z
    .number()
    .positive()
    .lt(1)
    .optional()
    .describe("p-annealing: the last exponent of the penalty, e.g. 0.2. Absent: 1 throughout."),
  p_anneal_start_fraction: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe("p-annealing: share of the run after which the exponent falls. Default 0.5."),
};

const gatedKeys = l1Keys;

const jumpReluKeys = {
  // As above: 0.001 has FVU 0.11 with 89 active, 0.003 has 0.18 with 47.
  l0_coefficient: z
    .number()
    .nonnegative()
    .default(5e-3)
    .describe("Weight of the L0 penalty: of one active latent, as a share of the variance of the data."),
  bandwidth: z
    .number()
    .positive()
    .default(1e-2)
    .describe("Width of the rectangle kernel through which thresholds learn, in units of the data's deviation."),
  initial_threshold: z
    .number()
    .positive()
    .default(1e-2)
    .describe("Thresholds at the start, in units of the data's deviation."),
  sparsity_warmup_fraction: sparsityKeys.sparsity_warmup_fraction,
};

/** Keys of the `default` presets that take any activation of magnitudes. */
export const activationKeys = {
  activation: z.enum(["topk", "batch-topk", "relu", "jumprelu", "gated"]).default("topk").describe(ACTIVATION),
  ...batchTopKKeys,
  ...reluKeys,
  ...jumpReluKeys,
};

/**
 * Keys of `default` presets whose latents are 0 or 1. Selecting is better than a penalty on real activations (d_in 256, d_sae 2048,
 * 500 steps): FVU 0.180 with 30 active latents, for a batch 0.178 with 30, under the L0 penalty 0.277 with 56.
 */
export const switchKeys = {
  activation: z.enum(["binary-topk", "binary-batch-topk", "binary"]).default("binary-topk").describe(ACTIVATION),
  ...sparsityKeys,
  ...batchTopKKeys,
};

interface Sizes {
  readonly variant: string;
  readonly dIn: number;
  readonly dSae: number;
}

type Keys<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

/** An activation that can be chosen. */
export interface ActivationChoice<S extends z.ZodRawShape = z.ZodRawShape> {
  readonly keys: S;
  make(config: Keys<S>, sizes: Sizes): Activation;
}

const choice = <S extends z.ZodRawShape>(keys: S, make: ActivationChoice<S>["make"]): ActivationChoice<S> => ({
  keys,
  make,
});

export const topKChoice = choice(topKKeys, (config, sizes) => topK(selectionOf(config, sizes)));
export const batchTopKChoice = choice(batchTopKKeys, (config, sizes) =>
  batchTopK({ dSae: sizes.dSae, ...selectionOf(config, sizes), mostPerToken: mostPerToken(config, sizes) }),
);
export const reluChoice = choice(reluKeys, (config, { variant }) =>
  relu({
    penalty: {
      coefficient: config.l1_coefficient,
      warmupFraction: config.sparsity_warmup_fraction,
      ...annealingOf(config, variant),
    },
  }),
);
export const jumpReluChoice = choice(jumpReluKeys, (config, { dSae }) =>
  jumpRelu({
    dSae,
    l0Coefficient: config.l0_coefficient,
    l0WarmupFraction: config.sparsity_warmup_fraction,
    bandwidth: config.bandwidth,
    initialThreshold: config.initial_threshold,
  }),
);
export const gatedChoice = choice(gatedKeys, (config, { dSae }) =>
  gated({ dSae, l1Coefficient: config.l1_coefficient, l1WarmupFraction: config.sparsity_warmup_fraction }),
);

/** By the value of `activation` in {@link activationKeys}. */
export const magnitudeChoices = {
  topk: topKChoice,
  "batch-topk": batchTopKChoice,
  relu: reluChoice,
  jumprelu: jumpReluChoice,
  gated: gatedChoice,
};

/** By the value of `activation` in {@link switchKeys}. */
export const switchChoices = {
  binary: choice(sparsityKeys, (config) =>
    switches({ sparsityLambda: config.sparsity_lambda, warmupFraction: config.sparsity_warmup_fraction }),
  ),
  "binary-topk": choice(topKKeys, (config, sizes) => topSwitches(selectionOf(config, sizes))),
  "binary-batch-topk": choice(batchTopKKeys, (config, sizes) =>
    batchTopSwitches({ ...selectionOf(config, sizes), mostPerToken: mostPerToken(config, sizes) }),
  ),
};

function selectionOf(
  { k, aux_k: auxK, aux_k_coefficient: auxKCoefficient }: Keys<typeof topKKeys>,
  { variant, dIn, dSae }: Sizes,
): { k: number; auxK: number; auxKCoefficient: number } {
  requireKFits(variant, k, dSae);
  return { k, auxK: Math.min(auxK ?? Math.ceil(dIn / 2), dSae), auxKCoefficient };
}

function mostPerToken({ k, max_k: most }: Keys<typeof batchTopKKeys>, { variant, dSae }: Sizes): number {
  if (most !== undefined && (most < k || most > dSae)) {
    throw new UsageError(`variant ${variant}: max_k=${most} is not in k=${k} .. d_sae=${dSae}`);
  }
  return most ?? Math.min(4 * k, dSae);
}

function annealingOf(
  { p_end: pEnd, p_anneal_start_fraction: startFraction }: Keys<typeof reluKeys>,
  variant: string,
): { annealing?: PAnnealing } {
  if (pEnd !== undefined) return { annealing: { pEnd, startFraction: startFraction ?? 0.5 } };
  if (startFraction === undefined) return {};
  throw new UsageError(
    `variant ${variant}: p_anneal_start_fraction is given without p_end, the exponent that p-annealing ends with; give p_end or remove the key`,
  );
}

export interface ChosenActivation {
  readonly activation: Activation;
  /** The configuration without defaults of activations that are not in use. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * The activation that a checked configuration chooses.
 *
 * @param given the configuration before defaults were filled in, canonical keys
 * @throws UsageError for keys of another activation and values that contradict each other
 */
export function chooseActivation<C extends { activation: string; d_in: number; d_sae: number }>(
  variant: string,
  choices: Readonly<Record<C["activation"], ActivationChoice>>,
  parsed: C,
  given: object,
): ChosenActivation {
  const all = Object.entries(choices) as [C["activation"], ActivationChoice][];
  const owners = (key: string): string[] => all.filter(([, { keys }]) => key in keys).map(([name]) => name);
  const isForeign = (key: string): boolean => owners(key).length > 0 && !owners(key).includes(parsed.activation);
  const foreign = Object.keys(given).filter(isForeign);
  if (foreign.length > 0) {
    const { keys } = all.find(([name]) => name === parsed.activation)![1];
    throw new UsageError(
      `variant ${variant}: activation is ${parsed.activation}, but ${foreign.map((key) => `${key} belongs to ${owners(key).join(" and ")}`).join(", ")}; remove the key or change activation; keys of ${parsed.activation}: ${Object.keys(keys).join(", ")}`,
    );
  }
  const used = Object.entries(parsed).filter(([key]) => !isForeign(key));
  const chosen = choices[parsed.activation as C["activation"]];
  return {
    activation: chosen.make(parsed, { variant, dIn: parsed.d_in, dSae: parsed.d_sae }),
    config: Object.fromEntries(used),
  };
}
