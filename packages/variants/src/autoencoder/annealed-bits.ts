/**
 * n-bit weights whose rounding hardens while they train (Gong et al. 2019, "Differentiable soft quantization", eq. 3-6; the
 * temperature rises over the run as in Yang et al. 2019, "Quantization networks"). With v = w / step and r the nearest threshold
 * between two levels (an integer), the weight is
 *
 *     step (r + tanh(beta (v - r)) / (2 tanh(beta / 2)))
 *
 * which is w itself as beta goes to 0, between the outermost levels, and the centred grid `floor(v) + 1/2` as beta goes to infinity;
 * no level of it is hit sooner than its neighbours, and gradients are exact. Parameters and packed form are those of `weights.ts`.
 */
import type { Quantizer, Tensor, TensorOps } from "@qsae/core";
import { weights, type Weights } from "./weights.ts";

/** Nearly linear: the forward pass starts as that of float weights. */
const FIRST_BETA = 1;
/** At 1/60 of a step from a threshold a weight is within 1e-4 steps of its level. */
const LAST_BETA = 300;
/** From this share of the run on, weights are those that will be packed: bits stand, scales and everything else still learn. */
const HARD_FROM = 0.9;

export interface AnnealedBitsOptions {
  readonly bits: number;
  /** What the weights become: `binary` for one bit, centred integers for more. */
  readonly quantizer: Quantizer;
}

export function annealedBits({ bits, quantizer }: AnnealedBitsOptions): Weights {
  const hard = weights({ name: "W_dec", quantizer });
  return {
    ...hard,
    effective: (ops, params, progress) => {
      const w = params["W_dec"]!; // [d_sae, d_in]
      if (progress >= HARD_FROM) return hard.effective(ops, { ...params, W_dec: ops.detach(w) }, progress);
      // One bit is -1 or +1 times the scale, more are a scale apart.
      const step = ops.mul(ops.exp(params["W_dec.log_scale"]!), bits === 1 ? 2 : 1); // [d_sae, 1]
      return ops.mul(softLevel(ops, ops.div(w, step), bits, betaAt(progress)), step); // [d_sae, d_in]
    },
  };
}

/** Rises by the same factor in every step, until rounding is hard. */
const betaAt = (progress: number): number => FIRST_BETA * (LAST_BETA / FIRST_BETA) ** (progress / HARD_FROM);

/** v `[d_sae, d_in]`, in steps. */
function softLevel(ops: TensorOps, v: Tensor, bits: number, beta: number): Tensor {
  const most = 2 ** (bits - 1) - 1;
  const threshold = ops.detach(ops.clipByValue(ops.round(ops.detach(v)), -most, most));
  const tanh = ops.sub(ops.mul(ops.sigmoid(ops.mul(ops.sub(v, threshold), 2 * beta)), 2), 1);
  return ops.add(threshold, ops.mul(tanh, 1 / (2 * Math.tanh(beta / 2))));
}
