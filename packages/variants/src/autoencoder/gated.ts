/**
 * Gated activation (Rajamanoharan et al. 2024, "Improving dictionary learning with gated sparse autoencoders", eq. 6-8): one
 * set of weights decides which latents fire and, rescaled per latent, by how much.
 *
 *     g = u W_enc + b_enc                                     // [n, d_sae]   b_enc is the paper's b_gate
 *     z = 1[g > 0] * relu((g - b_enc) exp(r_mag) + b_mag)     // [n, d_sae]
 *     loss = MSE + l1(t) * mean over tokens of sum_j relu(g_j) ||W_dec[j]|| + MSE of relu(g) sg(W_dec) + sg(b_dec)
 *
 * l1(t) is in proportion to the data (`deviation.ts`). The last term trains the gates, which the step cuts off from the first; the decoder is frozen in it. The paper's atoms have
 * norm 1; the weighting by norms is for those that do not.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { preActivations } from "./dense.ts";
import { DEVIATION, initialDeviation, ofL1 } from "./deviation.ts";
import { l1, weighted } from "./l1.ts";
import { requiredTensor } from "./required-tensor.ts";
import { warmth } from "./warmth.ts";

export interface GatedOptions {
  readonly dSae: number;
  readonly l1Coefficient: number;
  /** Share of the run over which the coefficient rises. */
  readonly l1WarmupFraction: number;
}

export const gated = ({ dSae, l1Coefficient, l1WarmupFraction }: GatedOptions): Activation => ({
  latents: "magnitudes",
  scaled: ["b_mag", DEVIATION],
  init: (ops, deviation) => ({
    r_mag: ops.zeros([dSae]),
    b_mag: ops.zeros([dSae]),
    ...initialDeviation(ops, deviation),
  }),
  apply: (ops, input) => {
    const { bEnc, wDec, params, progress } = input;
    const gates = preActivations(ops, input); // [n, d_sae]
    const linear = ops.mul(ops.sub(gates, bEnc), ops.exp(params["r_mag"]!));
    const magnitudes = ops.relu(ops.add(linear, params["b_mag"]!)); // [n, d_sae]
    const open = ops.relu(gates); // [n, d_sae]
    const penalty = l1(ops, weighted(ops, open, wDec));
    return {
      latents: ops.mul(magnitudes, opened(ops, gates)),
      scores: gates,
      losses: {
        l1: ops.sum(
          ops.mul(penalty, ofL1(ops, params, wDec.shape[1]!, l1Coefficient * warmth(l1WarmupFraction, progress))),
        ),
      },
      targetLosses: ({ ofLatents }) => {
        const viaGates = ops.matMul(open, ops.detach(wDec)); // [n, d_in]
        return { gate: ops.mean(ops.square(ops.sub(viaGates, ofLatents))) };
      },
    };
  },
  lower: (params) => ({
    selection: {
      kind: "gate",
      magScale: Float32Array.from(requiredTensor(params, "r_mag").data, Math.exp),
      magBias: requiredTensor(params, "b_mag").data,
    },
  }),
});

/** `1[gates > 0]`, which has no gradient. */
const opened = (ops: TensorOps, gates: Tensor): Tensor => ops.greater(ops.detach(gates), 0);
