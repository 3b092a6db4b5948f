/**
 * 0/1 masks over the dictionary `[d_sae, d_in]`. They live in a parameter, so that checkpoints hold them; no loss depends on it, so
 * the optimiser leaves it alone.
 */
import type { Tensor, TensorOps, Tensors } from "@qsae/core";

export const MASK = "W_dec.mask";

/** Above 0, below every score that matters: makes a chosen score of 0 tell from one that was not chosen. */
const LEAST_SCORE = 1e-30;

/**
 * 1 for the `count` largest scores, at least 0, of the entries whose `among` is 1, ties to the first. Exactly `count` entries where
 * there are as many. All `[d_sae, d_in]`.
 */
export function largest(ops: TensorOps, score: Tensor, among: Tensor, count: number): Tensor {
  const candidates = ops.mul(among, ops.maximum(score, LEAST_SCORE));
  return ops.greater(ops.batchTopK(candidates, count), 0);
}

/** Gradients of masked weights are 0. */
export const maskGradient = (ops: TensorOps, gradient: Tensor, params: Tensors): Tensor =>
  ops.mul(gradient, params[MASK]!);
