import type { Tensor, TensorOps } from "@qsae/core";

/** A zero atom has no scale of its own; any finite one decodes its zero codes, and 1 survives every float format. */
export function unlessZero(ops: TensorOps, scale: Tensor): Tensor {
  return ops.where(ops.greater(scale, 0), scale, ops.fill(scale.shape, 1));
}
