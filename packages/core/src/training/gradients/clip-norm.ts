/**
 * Gradient clipping by global norm (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
 * networks", algorithm 1), over all parameters together:
 *
 *     g <- g min(1, limit / |g|)
 */
import { elementCount } from "@qsae/runtime";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";

/** Keeps 0 / 0 out where all gradients are 0. */
const LEAST_NORM = 1e-20;

/** `|g|^2` of each gradient: scalars. As a product of a row and a column, which writes nothing on its way. */
export function squaredNorms(ops: TensorOps, grads: Tensors): Tensors {
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, squaredNorm(ops, grad)]));
}

function squaredNorm(ops: TensorOps, grad: Tensor): Tensor {
  const size = elementCount(grad.shape);
  return ops.reshape(ops.matMul(ops.reshape(grad, [1, size]), ops.reshape(grad, [size, 1])), []);
}

/**
 * Gradients whose norm, all of them together, is at most `limit`.
 *
 * @param squares their {@link squaredNorms}
 */
export function clippedByNorm(ops: TensorOps, grads: Tensors, squares: Tensors, limit: number): Tensors {
  // By name, so that a resumed run, whose parameters come in a file's order, adds up to the same bits.
  const inOrder = Object.keys(squares).sort();
  const square = inOrder.map((name) => squares[name]!).reduce((sum: Tensor, one: Tensor) => ops.add(sum, one));
  const factor = ops.minimum(1, ops.div(limit, ops.maximum(ops.sqrt(square), LEAST_NORM)));
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, ops.mul(grad, factor)]));
}
