import type { Tensor, TensorOps } from "@qsae/core";

/** `sum_m weights_m MSE_m`: a scalar. residuals: one per prefix or level, `[n, d_in]` */
export function weightedError(ops: TensorOps, residuals: readonly Tensor[], weights: readonly number[]): Tensor {
  const errors = residuals.map((residual, m) => ops.mul(ops.mean(ops.square(residual)), weights[m]!));
  return errors.reduce((a, b) => ops.add(a, b));
}
