/**
 * The secant correction of the Python reference, for signs B = sign(W) trained straight through a sigmoid with the loss 0.5 MSE: a
 * flip of a sign moves the atom by a finite step, whose second-order term is taken from the gradient before the optimiser sees it,
 *
 *     g -= mean_b z * alpha^2 * B s(W) (1 - s(W)) / d_in,
 *
 * with alpha what a sign is multiplied by in its atom, and s = sigmoid.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import { sigmoidSlope } from "./sigmoid-slope.ts";

export interface SecantTerms {
  /** To W, straight through: `[d_sae, d_in]` */
  readonly gradient: Tensor;
  /** `[d_sae, d_in]` */
  readonly w: Tensor;
  /** The signs that the forward pass took, -1 or 1: `[d_sae, d_in]` */
  readonly signs: Tensor;
  /** `[d_sae, 1]` */
  readonly alpha: Tensor;
  /** Mean over the batch: `[d_sae]` */
  readonly meanLatents: Tensor;
}

/** The corrected gradient, `[d_sae, d_in]`. */
export function secantCorrected(ops: TensorOps, { gradient, w, signs, alpha, meanLatents }: SecantTerms): Tensor {
  const perToken = ops.mul(ops.reshape(meanLatents, [-1, 1]), 1 / w.shape[1]!);
  const factor = ops.mul(ops.square(alpha), perToken); // [d_sae, 1]
  const slope = ops.mul(signs, sigmoidSlope(ops, w));
  return ops.sub(gradient, ops.mul(slope, factor));
}
