/**
 * Rounding that hardens while it trains (Gong et al. 2019, "Differentiable soft quantization", eq. 3-6; the temperature rises over
 * the run as in Yang et al. 2019, "Quantization networks"). With v = w / step and r the nearest threshold between two levels of
 * the centred grid (an integer), the level is
 *
 *     r + tanh(beta (v - r)) / (2 tanh(beta / 2))
 *
 * which is v itself as beta goes to 0, between the outermost levels, and floor(v) + 1/2 as beta goes to infinity; no level is hit sooner
 * than its neighbours, and gradients are exact. No quantizer has such a forward pass, whose codes are no integers: it is for
 * variants, which know the progress of the run.
 */
import type { Tensor, TensorOps } from "@qsae/core";

/** Nearly linear: the forward pass starts as that of float weights. */
const FIRST_BETA = 1;
/** At 1/60 of a step from a threshold a weight is within 1e-4 steps of its level. */
const LAST_BETA = 300;

/** Rises by the same factor in every step. @param progress 0: the first; 1: rounding is hard */
export const annealedBeta = (progress: number): number => FIRST_BETA * (LAST_BETA / FIRST_BETA) ** progress;

/**
 * Soft levels of v `[d_sae, d_in]`, which is in steps, for codes of `bits` bits. Differentiable in v.
 *
 * @example
 * const soft = ops.mul(annealedLevel(ops, ops.div(w, step), 2, annealedBeta(0.5)), step);
 */
export function annealedLevel(ops: TensorOps, v: Tensor, bits: number, beta: number): Tensor {
  const most = 2 ** (bits - 1) - 1;
  const threshold = ops.detach(ops.clipByValue(ops.round(ops.detach(v)), -most, most));
  const tanh = ops.sub(ops.mul(ops.sigmoid(ops.mul(ops.sub(v, threshold), 2 * beta)), 2), 1);
  return ops.add(threshold, ops.mul(tanh, 1 / (2 * Math.tanh(beta / 2))));
}
