/**
 * `quantized-matryoshka`: one encoder, and a dictionary of ternary directions in levels of growing size and falling norm.
 * The first m levels are an SAE of their own:
 *
 *     xhat_m = xhat_{m-1} + z_m atoms_m,   xhat_0 = b_dec
 *     loss   = sum_m 0.5 MSE(xhat_m, x) + sparsity_lambda * mean over tokens of sum_j z_j
 *
 * - `default`: losses of all prefixes reach all earlier levels (Bussmann et al. 2025, "Matryoshka sparse autoencoders"), or
 *   each its own one only (`joint: false`); latents are switches, or continuous with TopK.
 * - `reference`: stage-wise, switches, atoms of fixed norm, the secant correction.
 */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { ForwardPass, Tensor, TensorOps, Tensors, Variant, VariantFactory } from "@qsae/core";
import { requiredTensor } from "./autoencoder/required-tensor.ts";
import { switchedOn, warmth } from "./autoencoder/switches.ts";
import { canonicalKeys, parsePreset, referenceKeys, requireKFits, sizeKeys, sparsityKeys } from "./config.ts";
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

/** Keys of both presets. */
const levelKeys = {
  /** Levels. */
  n_bits: z.number().int().min(1).max(16).default(4),
  /** Atoms of level i = 0, 1, ... have the norm gamma / 2^(i+1) (at the start). */
  gamma: z.number().positive().default(1.5),
};

export const quantizedMatryoshkaConfigSchema = z.strictObject({
  ...sizeKeys,
  preset: z.literal("default").default("default"),
  ...levelKeys,
  activation: z.enum(["binary", "topk"]).default("binary"),
  /** Whether the losses of longer prefixes train earlier levels too. */
  joint: z.boolean().default(true),
  /** TopK: active latents per token, of all levels together. */
  k: z.number().int().positive().default(32),
  ...sparsityKeys,
});

export const quantizedMatryoshkaReferenceSchema = z.strictObject({
  ...referenceKeys,
  ...levelKeys,
  sparsity_lambda: sparsityKeys.sparsity_lambda,
});

export type QuantizedMatryoshkaConfig =
  z.input<typeof quantizedMatryoshkaConfigSchema> | z.input<typeof quantizedMatryoshkaReferenceSchema>;

/** Keys that mean nothing with the other activation. */
const activationKeys: Readonly<Record<string, "binary" | "topk">> = {
  k: "topk",
  sparsity_lambda: "binary",
  sparsity_warmup_fraction: "binary",
};

interface Objective {
  readonly joint: boolean;
  /** Absent: latents are switches. */
  readonly k?: number;
  readonly sparsityLambda: number;
  readonly warmupFraction: number;
}

/**
 * An autoencoder whose dictionary is read level by level.
 *
 * @throws UsageError for unknown keys, keys of the other preset or activation, or values out of range
 * @example
 * const variant = quantizedMatryoshka({ d_in: 512, d_sae: 8192, n_bits: 4 });
 */
export function quantizedMatryoshka(config: QuantizedMatryoshkaConfig): Variant {
  const id = "quantized-matryoshka";
  const schemas = { default: quantizedMatryoshkaConfigSchema, reference: quantizedMatryoshkaReferenceSchema };
  const parsed = parsePreset(id, schemas, config);
  const { d_in: dIn, d_sae: dSae, n_bits: count, gamma, preset } = parsed;
  const levels = levelsOf(id, dSae, count);
  const norms = levels.map((_, i) => gamma / 2 ** (i + 1));
  const hierarchy: Hierarchy = { id, preset, dIn, dSae, levels, norms };
  if (parsed.preset === "reference") {
    const objective = { joint: false, sparsityLambda: parsed.sparsity_lambda, warmupFraction: 0 };
    return {
      ...variantOf(hierarchy, parsed, objective),
      afterBackward: (ops, params, grads, { statistics }) =>
        secantCorrected(ops, params, grads, atomNorms(ops, hierarchy, params), statistics["mean_latents"]!),
    };
  }
  const given = canonicalKeys(id, config);
  const foreign = Object.keys(activationKeys).filter(
    (key) => key in given && activationKeys[key] !== parsed.activation,
  );
  if (foreign.length > 0) {
    throw new UsageError(
      `variant ${id}: activation is ${parsed.activation}, but ${foreign.map((key) => `${key} belongs to ${activationKeys[key]}`).join(", ")}; remove the key or change activation`,
    );
  }
  if (parsed.activation === "topk") requireKFits(id, parsed.k, dSae);
  const used = Object.entries(parsed).filter(
    ([key]) => (activationKeys[key] ?? parsed.activation) === parsed.activation,
  );
  return variantOf(hierarchy, Object.fromEntries(used), {
    joint: parsed.joint,
    ...(parsed.activation === "topk" ? { k: parsed.k } : {}),
    sparsityLambda: parsed.sparsity_lambda,
    warmupFraction: parsed.sparsity_warmup_fraction,
  });
}

function variantOf(hierarchy: Hierarchy, config: Readonly<Record<string, unknown>>, objective: Objective): Variant {
  const { id, dIn, dSae, levels } = hierarchy;
  return {
    id,
    config,
    dIn,
    dSae,
    init: (ops, context) => ops.tidy(() => initialParameters(ops, hierarchy, [dSae], context)),
    forward: (ops, params, { x, progress }) => {
      const { parts, ...latents } = levelOutputs(ops, hierarchy, objective, params, x);
      const reconstructions: Tensor[] = [];
      const losses: Tensor[] = [];
      let before = params["b_dec"]!; // [d_in], then [n, d_in]
      for (const [i, part] of parts.entries()) {
        const reconstruction = ops.add(i === 0 || objective.joint ? before : ops.detach(before), part);
        losses.push(ops.mul(ops.mean(ops.square(ops.sub(reconstruction, x))), 0.5));
        reconstructions.push(reconstruction);
        before = reconstruction;
      }
      const { switched, ...pass } = latents;
      const weight = objective.sparsityLambda * warmth(objective.warmupFraction, progress);
      return {
        reconstructions,
        losses: {
          mse: losses.reduce((a, b) => ops.add(a, b)),
          ...(switched ? { sparsity: ops.mul(ops.mean(ops.sum(switched, 1)), weight) } : {}),
        },
        ...pass,
        statistics: { mean_latents: ops.div(ops.detach(pass.fired), x.shape[0]!) },
      };
    },
    lower: async (_ops, params) => {
      const whole = { begin: 0, size: dSae };
      return {
        dIn,
        stages: [
          {
            dSae,
            input: { kind: "x" },
            subtractBDec: hierarchy.preset === "default",
            encoder: packEncoder(params, whole),
            bEnc: requiredTensor(params, "b_enc").data,
            selection: objective.k === undefined ? { kind: "sign" } : { kind: "topk", k: objective.k, relu: true },
            dictionary: packAtoms(hierarchy, params, whole),
            bDec: requiredTensor(params, "b_dec").data,
            outputWeight: 1,
            prefixEnds: levels.map(({ begin, size }) => begin + size),
          },
        ],
        description: { variant: id, config, provenance: {}, metrics: {} },
      };
    },
  };
}

interface LevelOutputs extends Pick<ForwardPass, "latents" | "scores" | "fired"> {
  /** `z_m atoms_m` of each level: `[n, d_in]` */
  readonly parts: readonly Tensor[];
  /** Latents that are switches: `[n, d_sae]` */
  readonly switched?: Tensor;
}

function levelOutputs(
  ops: TensorOps,
  hierarchy: Hierarchy,
  { k }: Objective,
  params: Tensors,
  x: Tensor,
): LevelOutputs {
  const { levels } = hierarchy;
  const atoms = signAtoms(ops, params, atomNorms(ops, hierarchy, params)); // [d_sae, d_in]
  const [wEnc, bEnc] = [params["W_enc"]!, params["b_enc"]!];
  if (k === undefined) {
    const scores = ops.add(ops.matMul(encoderInput(ops, hierarchy, params, x), wEnc), bEnc); // [n, d_sae]
    const z = switchedOn(ops, scores, switchThreshold(hierarchy));
    const parts = levels.map((level) => ops.matMul(partOf(ops, z, level, "last"), partOf(ops, atoms, level, "first")));
    return { parts, latents: z, scores, fired: ops.sum(z, 0), switched: z };
  }
  const selected = ops.encodeTopK(x, wEnc, bEnc, k, params["b_dec"]);
  const latents = { ...selected, values: ops.relu(selected.values) };
  const parts = levels.map(({ begin, size }) => {
    const inLevel = Float32Array.from({ length: hierarchy.dSae }, (_, j) => Number(j >= begin && j < begin + size));
    return ops.decodeSparse(latents, ops.mul(atoms, ops.tensor(inLevel, [hierarchy.dSae, 1])));
  });
  return { parts, latents, fired: ops.countFired(latents) };
}

export const quantizedMatryoshkaFactory: VariantFactory = {
  id: "quantized-matryoshka",
  fromConfig: (config) => quantizedMatryoshka(config as QuantizedMatryoshkaConfig),
};
