/**
 * The `reference` preset of `quantized-matryoshka`: one encoder, switches, ternary directions in levels of falling norm, each
 * level trained on what the ones before left over:
 *
 *     xhat_m = sg(xhat_{m-1}) + z_m atoms_m,   xhat_0 = b_dec
 *     loss   = sum_m 0.5 MSE(xhat_m, x) + sparsity_lambda * mean over tokens of sum_j z_j
 *
 * with the secant correction of gradients (`sign-atoms.ts`).
 */
import type { Tensor, Variant } from "@qsae/core";
import { requiredTensor } from "../autoencoder/required-tensor.ts";
import { OVER_HALF, switchedOn } from "../autoencoder/switches.ts";
import { atomNorms, initialParameters, packAtoms, packEncoder, type Hierarchy } from "./hierarchy.ts";
import { partOf } from "./part-of.ts";
import { refuseTarget } from "./refuse-target.ts";
import { secantCorrectedAtoms, signAtoms, signCodes } from "./sign-atoms.ts";

export function switchMatryoshka(hierarchy: Hierarchy): Variant {
  const { id, config, dIn, dSae, levels, sparsityLambda } = hierarchy;
  return {
    id,
    config,
    dIn,
    dSae,
    quantized: signCodes,
    init: (ops, context) => ops.tidy(() => initialParameters(ops, hierarchy, [dSae], context)),
    forward: (ops, params, { x, target }) => {
      refuseTarget(id, target);
      const atoms = signAtoms(ops, params, atomNorms(ops, hierarchy)); // [d_sae, d_in]
      const scores = ops.add(ops.matMul(x, params["W_enc"]!), params["b_enc"]!); // [n, d_sae]
      const z = switchedOn(ops, scores, OVER_HALF);
      const reconstructions: Tensor[] = [];
      const losses: Tensor[] = [];
      let before = params["b_dec"]!; // [d_in], then [n, d_in]
      for (const [i, level] of levels.entries()) {
        const part = ops.matMul(partOf(ops, z, level, "last"), partOf(ops, atoms, level, "first"));
        const reconstruction = ops.add(i === 0 ? before : ops.detach(before), part);
        losses.push(ops.mul(ops.mean(ops.square(ops.sub(reconstruction, x))), 0.5));
        reconstructions.push(reconstruction);
        before = reconstruction;
      }
      const fired = ops.sum(z, 0);
      return {
        reconstructions,
        losses: {
          mse: losses.reduce((a, b) => ops.add(a, b)),
          sparsity: ops.mul(ops.mean(ops.sum(z, 1)), sparsityLambda),
        },
        fired,
        latents: z,
        scores,
        statistics: { mean_latents: ops.div(ops.detach(fired), x.shape[0]!) },
      };
    },
    afterBackward: (ops, params, grads, { statistics }) =>
      secantCorrectedAtoms(ops, params, grads, atomNorms(ops, hierarchy), statistics["mean_latents"]!),
    lower: async (_ops, params) => {
      const whole = { begin: 0, size: dSae };
      return {
        dIn,
        stages: [
          {
            dSae,
            input: { kind: "x" },
            subtractBDec: false,
            encoder: packEncoder(params, whole),
            bEnc: requiredTensor(params, "b_enc").data,
            selection: { kind: "sign" },
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
