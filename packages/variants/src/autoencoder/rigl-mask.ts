/**
 * The reference's drop and grow. An update drops the `n = floor(dropFraction * density * size)` active weights of smallest
 * magnitude, grows the n inactive ones of largest score `|mean error_d| |mean z_j|`, and zeroes what is masked. Just-dropped weights
 * may grow again. Ties of the drop threshold all drop. (`drop-and-grow.ts` is the one of the paper.)
 */
import { UsageError } from "@qsae/runtime";
import type { Tensor, TensorOps } from "@qsae/core";
import type { Constraint } from "./constraint.ts";
import { largest, MASK } from "./mask.ts";

export interface RiglOptions {
  /** Share of the weights that are masked. */
  readonly sparsity: number;
  /** Share of the active weights that an update drops. */
  readonly dropFraction: number;
  /** Steps from one update to the next. */
  readonly everySteps: number;
}

/** Below every weight: what is not to be chosen. */
const NEVER = -3e38;

export const riglMask = ({ sparsity, dropFraction, everySteps }: RiglOptions): Constraint => ({
  statistics: (ops, { z, error }) => ({
    mean_latents: ops.detach(ops.abs(ops.mean(z, 0))), // [d_sae]
    mean_error: ops.detach(ops.abs(ops.mean(error, 0))), // [d_in]
  }),
  afterStep: (ops, params, { step, statistics }) => {
    if (step % everySteps !== 0) return { params };
    const [w, mask] = [params["W_dec"]!, params[MASK]!]; // [d_sae, d_in]
    const count = Math.floor(dropFraction * (1 - sparsity) * w.shape[0]! * w.shape[1]!);
    if (count === 0) return { params };
    const kept = ops.mul(mask, ops.greater(ops.abs(w), smallestMagnitudes(ops, w, mask, count)));
    const score = ops.mul(
      ops.reshape(statistics["mean_latents"]!, [-1, 1]),
      ops.reshape(statistics["mean_error"]!, [1, -1]),
    );
    const next = ops.add(kept, largest(ops, score, ops.sub(1, kept), count));
    return { params: { ...params, W_dec: ops.mul(w, next), [MASK]: next } };
  },
});

/**
 * The mask that leaves out the `floor(sparsity * size)` weights of smallest magnitude. w `[d_sae, d_in]`.
 *
 * @throws UsageError unless sparsity is in [0, 1)
 */
export function magnitudeMask(ops: TensorOps, w: Tensor, sparsity: number): Tensor {
  if (!(sparsity >= 0 && sparsity < 1)) throw new UsageError(`mask: sparsity=${sparsity} is not in [0, 1)`);
  const everywhere = ops.fill(w.shape, 1);
  const count = Math.floor(sparsity * w.shape[0]! * w.shape[1]!);
  if (count === 0) return everywhere;
  return ops.greater(ops.abs(w), smallestMagnitudes(ops, w, everywhere, count));
}

/** The largest of the `count` smallest magnitudes among active weights: a scalar. */
function smallestMagnitudes(ops: TensorOps, w: Tensor, mask: Tensor, count: number): Tensor {
  const smallFirst = ops.where(mask, ops.neg(ops.abs(w)), ops.fill(w.shape, NEVER));
  return ops.max(ops.abs(ops.batchTopK(smallFirst, count)));
}
