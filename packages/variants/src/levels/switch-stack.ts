/**
 * The `reference` preset of `residual-quantized`: a stack of switch autoencoders with ternary directions of norm gamma / 2, each
 * trained by itself on twice what the one before left over:
 *
 *     r_0 = x,   xhat_i = z_i atoms_i (+ b_dec at i = 0),   r_{i+1} = 2 sg(r_i - xhat_i)
 *     loss = sum_i 0.5 MSE(xhat_i, r_i) + sparsity_lambda * sum_i sparsity_weights_i * mean over tokens of sum z_i
 *
 * with the secant correction of gradients (`sign-atoms.ts`). The reconstruction with the first m levels is sum_{i<m} xhat_i / 2^i.
 */
import type { Tensor, Variant } from "@qsae/core";
import { requiredTensor } from "../autoencoder/required-tensor.ts";
import { OVER_HALF, switchedOn } from "../autoencoder/switches.ts";
import { atomNorms, initialParameters, packAtoms, packEncoder, type Hierarchy } from "./hierarchy.ts";
import { joined, partOf } from "./part-of.ts";
import { refuseTarget } from "./refuse-target.ts";
import { secantCorrectedAtoms, signAtoms, signCodes } from "./sign-atoms.ts";

/** @param sparsityWeights one per level */
export function switchStack(hierarchy: Hierarchy, sparsityWeights: readonly number[]): Variant {
  const { id, config, dIn, dSae, levels, sparsityLambda } = hierarchy;
  const sizes = levels.map(({ size }) => size);
  return {
    id,
    config,
    dIn,
    dSae,
    quantized: signCodes,
    init: (ops, context) => ops.tidy(() => initialParameters(ops, hierarchy, sizes, context)),
    forward: (ops, params, { x, target }) => {
      refuseTarget(id, target);
      const atoms = signAtoms(ops, params, atomNorms(ops, hierarchy)); // [d_sae, d_in]
      const switched: Tensor[] = [];
      const scores: Tensor[] = [];
      const reconstructions: Tensor[] = [];
      const errors: Tensor[] = [];
      const sparsities: Tensor[] = [];
      let residual = x; // [n, d_in]
      for (const [i, level] of levels.entries()) {
        const wEnc = partOf(ops, params["W_enc"]!, level, "last"); // [d_in, size]
        const h = ops.add(ops.matMul(residual, wEnc), partOf(ops, params["b_enc"]!, level, "first")); // [n, size]
        const z = switchedOn(ops, h, OVER_HALF);
        const decoded = ops.matMul(z, partOf(ops, atoms, level, "first")); // [n, d_in]
        const output = i === 0 ? ops.add(decoded, params["b_dec"]!) : decoded;
        const left = ops.sub(residual, output);
        const before = reconstructions.at(-1);
        reconstructions.push(before ? ops.add(before, ops.mul(output, 2 ** -i)) : output);
        errors.push(ops.mul(ops.mean(ops.square(left)), 0.5));
        sparsities.push(ops.mul(ops.mean(ops.sum(z, 1)), sparsityWeights[i]!));
        switched.push(z);
        scores.push(h);
        residual = ops.detach(ops.mul(left, 2));
      }
      const latents = joined(ops, switched, 1); // [n, d_sae]
      const fired = ops.sum(latents, 0);
      const total = (losses: readonly Tensor[]): Tensor => losses.reduce((a, b) => ops.add(a, b));
      return {
        reconstructions,
        losses: { mse: total(errors), sparsity: ops.mul(total(sparsities), sparsityLambda) },
        fired,
        latents,
        scores: joined(ops, scores, 1),
        statistics: { mean_latents: ops.div(ops.detach(fired), x.shape[0]!) },
      };
    },
    afterBackward: (ops, params, grads, { statistics }) =>
      secantCorrectedAtoms(ops, params, grads, atomNorms(ops, hierarchy), statistics["mean_latents"]!),
    lower: async (_ops, params) => ({
      dIn,
      stages: levels.map((level, i) => ({
        dSae: level.size,
        input: i === 0 ? { kind: "x" } : { kind: "residual", factor: 2 },
        subtractBDec: false,
        encoder: packEncoder(params, level),
        bEnc: requiredTensor(params, "b_enc").data.slice(level.begin, level.begin + level.size),
        selection: { kind: "sign" },
        dictionary: packAtoms(hierarchy, params, level),
        bDec: i === 0 ? requiredTensor(params, "b_dec").data : new Float32Array(dIn),
        outputWeight: 2 ** -i,
      })),
      description: { variant: id, config, provenance: {}, metrics: {} },
    }),
  };
}
