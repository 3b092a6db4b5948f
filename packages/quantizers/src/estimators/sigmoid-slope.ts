import type { Tensor, TensorOps } from "@qsae/core";

/**
 * Derivative of sigmoid at a, `s (1 - s)`: what stands for the derivative of a step or a sign that is trained straight through a
 * sigmoid.
 */
export function sigmoidSlope(ops: TensorOps, a: Tensor): Tensor {
  const s = ops.sigmoid(a);
  return ops.mul(s, ops.sub(1, s));
}
