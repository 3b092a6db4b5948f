/**
 * The size of the data as it was at the start, which makes coefficients mean the same on any layer of any model: the parameter
 * `deviation [1]`, root of the mean squared distance of the targets from their center. It is not trained.
 */
import type { Tensor, TensorOps, Tensors } from "@qsae/core";

export const DEVIATION = "deviation";

/** Of data that is all the same nothing is left over; any size but 0 will do. */
const SMALLEST = 1e-6;

export const initialDeviation = (ops: TensorOps, deviation: number | Tensor): Tensors => ({
  [DEVIATION]: ops.maximum(ops.mul(ops.fill([1], 1), deviation), SMALLEST),
});

/** `[1]`, detached. */
export const deviationOf = (ops: TensorOps, params: Tensors): Tensor => ops.detach(params[DEVIATION]!);

/**
 * Weight of the sum of latents in the loss, `[1]`: coefficient times deviation / d_in^1.5. That is `coefficient` where squared errors
 * are summed over dimensions and the data has norm sqrt(d_in), as in the literature: of `|xhat - x|^2 + coefficient S`, one d_in-th.
 */
export const ofL1 = (ops: TensorOps, params: Tensors, dIn: number, coefficient: number): Tensor =>
  ops.mul(deviationOf(ops, params), coefficient / dIn ** 1.5);

/** Weight of the number of latents, `[1]`: coefficient times deviation^2 / d_in, so that 1 / coefficient latents weigh as much as all the data. */
export const ofL0 = (ops: TensorOps, params: Tensors, dIn: number, coefficient: number): Tensor =>
  ops.mul(ops.square(deviationOf(ops, params)), coefficient / dIn);
