/**
 * `residual-quantized`: a stack of autoencoders with ternary atoms, each on what the ones before left over.
 *
 * - `default`: atoms -1, 0, +1 times a learned scale each, TopK latents or switches, all levels trained together
 *   (`levels/residual-stack.ts`).
 * - `reference`: switches, atoms of fixed norm, each level trained by itself (`levels/switch-stack.ts`).
 */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import {
  ACTIVATION,
  chooseActivation,
  switchChoices,
  topKChoice,
  topKKeys,
  type ChosenActivation,
  type ActivationChoice,
} from "./activation-config.ts";
import { forSwitches, tied } from "./autoencoder/start.ts";
import { weights } from "./autoencoder/weights.ts";
import {
  canonicalKeys,
  defaultPreset,
  encoderQuantizerKey,
  parsePreset,
  referenceKeys,
  sizeKeys,
  sparsityKeys,
} from "./config.ts";
import { levelKeys, levelLossKeys, lossWeights, quantizedDictionaryKey } from "./levels/config.ts";
import { levelsOf, type Level } from "./levels/level-sizes.ts";
import { residualStack } from "./levels/residual-stack.ts";
import { switchStack } from "./levels/switch-stack.ts";

/** The reference has these and no more. */
const REFERENCE_WEIGHTS = [1, 2.5, 4, 8];

const sparsityWeights = z
  .array(z.number().nonnegative())
  .optional()
  .describe(
    "Factor of sparsity_lambda for each level. Default: 1, 2.5, 4, 8; in the default preset each further one doubles.",
  );

/** By the value of `activation` in the default preset. */
export const residualChoices: Readonly<Record<"topk" | "binary-topk" | "binary", ActivationChoice>> = {
  topk: topKChoice,
  "binary-topk": switchChoices["binary-topk"],
  binary: {
    ...switchChoices.binary,
    keys: { ...switchChoices.binary.keys, sparsity_weights: sparsityWeights },
  },
};

export const residualQuantizedConfigSchema = z.strictObject({
  ...sizeKeys,
  preset: defaultPreset,
  n_bits: levelKeys.n_bits,
  ...encoderQuantizerKey,
  ...quantizedDictionaryKey,
  activation: z.enum(["topk", "binary-topk", "binary"]).default("topk").describe(ACTIVATION),
  ...topKKeys,
  k: topKKeys.k.describe(
    "Active latents of all levels together; they share them equally, as far as they have so many.",
  ),
  ...sparsityKeys,
  sparsity_weights: sparsityWeights,
  ...levelLossKeys,
});

export const residualQuantizedReferenceSchema = z.strictObject({
  ...referenceKeys,
  ...levelKeys,
  sparsity_lambda: sparsityKeys.sparsity_lambda,
  sparsity_weights: sparsityWeights,
});

export type ResidualQuantizedConfig =
  z.input<typeof residualQuantizedConfigSchema> | z.input<typeof residualQuantizedReferenceSchema>;
type Parsed = z.output<typeof residualQuantizedConfigSchema>;

/**
 * A stack of autoencoders on residuals.
 *
 * @throws UsageError for unknown keys, keys of the other preset or activation, values out of range, fewer active latents than
 *   levels, or a number of weights that is not n_bits
 * @example
 * const variant = residualQuantized({ d_in: 512, d_sae: 8192, n_bits: 4, k: 32 }, quantizersByName());
 */
export function residualQuantized(config: ResidualQuantizedConfig, resolve: QuantizerResolver): Variant {
  const id = "residual-quantized";
  const schemas = { default: residualQuantizedConfigSchema, reference: residualQuantizedReferenceSchema };
  const parsed = parsePreset(id, schemas, config);
  const { d_in: dIn, d_sae: dSae } = parsed;
  const levels = levelsOf(id, dSae, parsed.n_bits);
  const perLevel = sparsityWeightsOf(id, parsed);
  if (parsed.preset === "reference") {
    const norms = levels.map(() => parsed.gamma / 2);
    const hierarchy = { id, config: parsed, dIn, dSae, levels, norms, sparsityLambda: parsed.sparsity_lambda };
    return switchStack(hierarchy, perLevel);
  }
  const given = canonicalKeys(id, config);
  const shares = parsed.activation === "binary" ? undefined : activePerLevel(id, parsed.k, levels);
  const chosen = levels.map(({ size }, i) => {
    const own = { k: shares?.[i] ?? parsed.k, sparsity_lambda: parsed.sparsity_lambda * perLevel[i]! };
    return chooseActivation(id, residualChoices, { ...parsed, ...own, d_sae: size }, given);
  });
  const [{ activation, config: used }] = chosen as [ChosenActivation];
  const { encoder_quantizer: encoderName, k } = parsed;
  const active = activation.active === undefined ? undefined : k; // of all levels together
  return residualStack({
    id,
    config: Object.fromEntries(Object.keys(used).map((key) => [key, parsed[key as keyof Parsed]])),
    dIn,
    dSae,
    levels,
    activations: chosen.map((level) => level.activation),
    encoder: weights({ name: "W_enc", ...(encoderName === undefined ? {} : { quantizer: resolve(encoderName) }) }),
    dictionary: weights({ name: "W_dec", quantizer: resolve(parsed.decoder_quantizer) }),
    start: activation.latents === "switches" ? forSwitches(tied, active) : tied,
    joint: parsed.joint,
    lossWeights: lossWeights(levels.length, parsed.earlier_weight),
  });
}

/**
 * Active latents of each level: equal shares, but no more than a level has, and the rest to later ones.
 *
 * @throws UsageError unless each level has one at least, and all of them find room
 */
function activePerLevel(id: string, k: number, levels: readonly Level[]): readonly number[] {
  const room = levels.reduce((sum, { size }) => sum + size, 0);
  if (k < levels.length || k > room) {
    throw new UsageError(
      `variant ${id}: k=${k} active latents for ${levels.length} levels of ${room} latents; allowed: ${levels.length}..${room}; change k, n_bits or d_sae`,
    );
  }
  let rest = k;
  return levels.map(({ size }, i) => {
    const share = Math.min(size, Math.ceil(rest / (levels.length - i)));
    rest -= share;
    return share;
  });
}

function sparsityWeightsOf(
  id: string,
  { preset, n_bits: count, sparsity_weights: given }: Parsed | z.output<typeof residualQuantizedReferenceSchema>,
): readonly number[] {
  if (given && given.length !== count) {
    throw new UsageError(
      `variant ${id}: ${given.length} sparsity_weights for n_bits=${count} levels; give one per level`,
    );
  }
  if (given) return given;
  if (preset === "reference" && count > REFERENCE_WEIGHTS.length) {
    throw new UsageError(
      `variant ${id}: the reference has sparsity weights for ${REFERENCE_WEIGHTS.length} levels, not n_bits=${count}; give sparsity_weights`,
    );
  }
  const last = REFERENCE_WEIGHTS.length - 1;
  return Array.from({ length: count }, (_, i) => REFERENCE_WEIGHTS[Math.min(i, last)]! * 2 ** Math.max(0, i - last));
}

export const residualQuantizedFactory: VariantFactory = {
  id: "residual-quantized",
  fromConfig: (config, resolve) => residualQuantized(config as ResidualQuantizedConfig, resolve),
};
