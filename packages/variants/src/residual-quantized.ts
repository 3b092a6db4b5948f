/**
 * `residual-quantized`: a stack of switch autoencoders with ternary directions, each on what the one before left over:
 *
 *     r_0 = x,   xhat_i = z_i atoms_i (+ b_dec at i = 0),   r_{i+1} = 2 (r_i - xhat_i)
 *     reconstruction with the first m levels = sum_{i<m} xhat_i / 2^i
 *     loss = sum_i 0.5 MSE(xhat_i, r_i) + sparsity_lambda * sum_i sparsity_weights_i * mean over tokens of sum z_i
 *
 * Residuals are detached: each level learns by itself. Presets: `levels/hierarchy.ts`.
 */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { Tensor, Variant, VariantFactory } from "@qsae/core";
import { requiredTensor } from "./autoencoder/required-tensor.ts";
import { switchedOn, warmth } from "./autoencoder/switches.ts";
import { parsePreset, referenceKeys, sizeKeys, sparsityKeys } from "./config.ts";
import {
  atomNorms,
  encoderInput,
  initialParameters,
  packAtoms,
  packEncoder,
  switchThreshold,
  type Hierarchy,
} from "./levels/hierarchy.ts";
import { levelsOf } from "./levels/level-sizes.ts";
import { partOf } from "./levels/part-of.ts";
import { secantCorrected, signAtoms } from "./levels/sign-atoms.ts";

/** The reference has these and no more. */
const REFERENCE_WEIGHTS = [1, 2.5, 4, 8];

/** Keys of both presets. */
const levelKeys = {
  /** Levels. */
  n_bits: z.number().int().min(1).max(16).default(4),
  /** Atoms have the norm gamma / 2 (at the start). */
  gamma: z.number().positive().default(1.5),
  sparsity_lambda: sparsityKeys.sparsity_lambda,
  /** Factor of sparsity_lambda for each level. Default: 1, 2.5, 4, 8; in the default preset each further one doubles. */
  sparsity_weights: z.array(z.number().nonnegative()).optional(),
};

export const residualQuantizedConfigSchema = z.strictObject({
  ...sizeKeys,
  preset: z.literal("default").default("default"),
  ...levelKeys,
  sparsity_warmup_fraction: sparsityKeys.sparsity_warmup_fraction,
});

export const residualQuantizedReferenceSchema = z.strictObject({ ...referenceKeys, ...levelKeys });

export type ResidualQuantizedConfig =
  z.input<typeof residualQuantizedConfigSchema> | z.input<typeof residualQuantizedReferenceSchema>;

type Parsed = z.output<typeof residualQuantizedConfigSchema> | z.output<typeof residualQuantizedReferenceSchema>;

/**
 * A stack of autoencoders on residuals.
 *
 * @throws UsageError for unknown keys, keys of the other preset, values out of range, or a number of weights that is not n_bits
 * @example
 * const variant = residualQuantized({ d_in: 512, d_sae: 8192, n_bits: 3, sparsity_weights: [1, 2, 4] });
 */
export function residualQuantized(config: ResidualQuantizedConfig): Variant {
  const id = "residual-quantized";
  const schemas = { default: residualQuantizedConfigSchema, reference: residualQuantizedReferenceSchema };
  const parsed = parsePreset(id, schemas, config);
  const { d_in: dIn, d_sae: dSae, gamma, preset } = parsed;
  const levels = levelsOf(id, dSae, parsed.n_bits);
  const norms = levels.map(() => gamma / 2);
  const hierarchy: Hierarchy = { id, preset, dIn, dSae, levels, norms };
  const weights = sparsityWeights(id, parsed);
  const warmupFraction = parsed.preset === "default" ? parsed.sparsity_warmup_fraction : 0;
  const variant: Variant = {
    id,
    config: parsed,
    dIn,
    dSae,
    init: (ops, context) =>
      ops.tidy(() =>
        initialParameters(
          ops,
          hierarchy,
          levels.map(({ size }) => size),
          context,
        ),
      ),
    forward: (ops, params, { x, progress }) => {
      const atoms = signAtoms(ops, params, atomNorms(ops, hierarchy, params)); // [d_sae, d_in]
      const [switched, scores, reconstructions, errors, sparsities]: Tensor[][] = [[], [], [], [], []];
      let residual = x; // [n, d_in]
      for (const [i, level] of levels.entries()) {
        const u = i === 0 ? encoderInput(ops, hierarchy, params, x) : residual;
        const wEnc = partOf(ops, params["W_enc"]!, level, "last"); // [d_in, size]
        const h = ops.add(ops.matMul(u, wEnc), partOf(ops, params["b_enc"]!, level, "first")); // [n, size]
        const z = switchedOn(ops, h, switchThreshold(hierarchy));
        const decoded = ops.matMul(z, partOf(ops, atoms, level, "first")); // [n, d_in]
        const output = i === 0 ? ops.add(decoded, params["b_dec"]!) : decoded;
        const left = ops.sub(residual, output);
        const before = reconstructions!.at(-1);
        reconstructions!.push(before ? ops.add(before, ops.mul(output, 2 ** -i)) : output);
        errors!.push(ops.mul(ops.mean(ops.square(left)), 0.5));
        sparsities!.push(ops.mul(ops.mean(ops.sum(z, 1)), weights[i]!));
        switched!.push(z);
        scores!.push(h);
        residual = ops.detach(ops.mul(left, 2));
      }
      const joined = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : ops.concat(parts, 1));
      const latents = joined(switched!); // [n, d_sae]
      const fired = ops.sum(latents, 0);
      const total = (losses: readonly Tensor[]): Tensor => losses.reduce((a, b) => ops.add(a, b));
      return {
        reconstructions: reconstructions!,
        losses: {
          mse: total(errors!),
          sparsity: ops.mul(total(sparsities!), parsed.sparsity_lambda * warmth(warmupFraction, progress)),
        },
        fired,
        latents,
        scores: joined(scores!),
        statistics: { mean_latents: ops.div(ops.detach(fired), x.shape[0]!) },
      };
    },
    lower: async (_ops, params) => ({
      dIn,
      stages: levels.map((level, i) => ({
        dSae: level.size,
        input: i === 0 ? { kind: "x" } : { kind: "residual", factor: 2 },
        subtractBDec: i === 0 && preset === "default",
        encoder: packEncoder(params, level),
        bEnc: requiredTensor(params, "b_enc").data.slice(level.begin, level.begin + level.size),
        selection: { kind: "sign" },
        dictionary: packAtoms(hierarchy, params, level),
        bDec: i === 0 ? requiredTensor(params, "b_dec").data : new Float32Array(dIn),
        outputWeight: 2 ** -i,
      })),
      description: { variant: id, config: parsed, provenance: {}, metrics: {} },
    }),
  };
  if (preset === "default") return variant;
  return {
    ...variant,
    afterBackward: (ops, params, grads, { statistics }) =>
      secantCorrected(ops, params, grads, atomNorms(ops, hierarchy, params), statistics["mean_latents"]!),
  };
}

function sparsityWeights(id: string, { preset, n_bits: count, sparsity_weights: given }: Parsed): readonly number[] {
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
  fromConfig: (config) => residualQuantized(config as ResidualQuantizedConfig),
};
