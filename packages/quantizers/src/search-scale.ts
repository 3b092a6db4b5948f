/** A least-squares scale per atom by search: the usual absmax scale is up to four times worse at 2-4 bits. */
import type { Tensor, TensorOps } from "@qsae/core";
import { unlessZero } from "./scales.ts";

/** Largest weights are clipped to these shares of the maximum, in steps of 1/40: below 0.15 no Gaussian row has its optimum. */
const CLIP_SHARES = Array.from({ length: 36 }, (_, i) => (6 + i) / 40);

/** Levels (weights at scale 1) that w `[d_sae, d_in]` rounds to at a scale `[d_sae, 1]`. */
export type RoundToLevels = (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor;

/**
 * Per atom, the best of all clip shares, each followed by one least-squares refit of the scale to its codes: `[d_sae, 1]`.
 *
 * @param largestLevel what the largest weight is clipped to
 */
export function searchScale(ops: TensorOps, w: Tensor, largestLevel: number, round: RoundToLevels): Tensor {
  const largest = unlessZero(ops, ops.max(ops.abs(w), 1, true)); // [d_sae, 1]
  let best = ops.mul(largest, 1 / largestLevel);
  let bestError = roundingError(ops, w, best, round);
  for (const share of CLIP_SHARES) {
    [best, bestError] = ops.tidy(() => {
      const clipped = ops.mul(largest, share / largestLevel);
      const levels = round(ops, w, clipped); // [d_sae, d_in]
      const energy = ops.sum(ops.square(levels), 1, true);
      const fitted = ops.div(ops.sum(ops.mul(w, levels), 1, true), ops.maximum(energy, 1));
      const candidate = ops.where(ops.greater(fitted, 0), fitted, clipped);
      const error = roundingError(ops, w, candidate, round);
      const better = ops.greater(bestError, error);
      return [ops.where(better, candidate, best), ops.minimum(error, bestError)];
    });
  }
  return best;
}

function roundingError(ops: TensorOps, w: Tensor, scale: Tensor, round: RoundToLevels): Tensor {
  return ops.tidy(() => ops.sum(ops.square(ops.sub(w, ops.mul(round(ops, w, scale), scale))), 1, true));
}
