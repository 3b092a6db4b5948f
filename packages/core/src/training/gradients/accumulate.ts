/**
 * Gradients of several batches as those of one: the mean over the batches, which is the gradient of the mean loss where a
 * loss is a mean over tokens. The scatter around a common mean is put together from the batches' own (Chan, Golub &
 * LeVeque 1979, eq. 2.1b):
 *
 *     S = S_a + S_b + |mean_a - mean_b|^2 n_a n_b / (n_a + n_b)
 */
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Backward } from "./backward.ts";

/** What two passes gave together. Consumes both. */
export function together(ops: TensorOps, a: Backward, b: Backward): Backward {
  const tokens = a.tokens + b.tokens;
  const sum = ops.tidy(() => {
    const apart = ops.sub(b.meanTarget, a.meanTarget); // [d_in]
    const between = ops.mul(ops.sum(ops.square(apart)), (a.tokens * b.tokens) / tokens);
    return {
      grads: added(ops, a.grads, b.grads),
      losses: added(ops, a.losses, b.losses),
      statistics: added(ops, a.statistics, b.statistics),
      fired: ops.add(a.fired, b.fired),
      sums: { x: ops.add(a.sums.x, b.sums.x), latents: ops.add(a.sums.latents, b.sums.latents) },
      squaredError: ops.add(a.squaredError, b.squaredError),
      scatter: ops.add(ops.add(a.scatter, b.scatter), between),
      meanTarget: ops.add(a.meanTarget, ops.mul(apart, b.tokens / tokens)),
    };
  });
  const residuals = [...a.residuals, ...b.residuals];
  disposeBackward(ops, { ...a, residuals: [] });
  disposeBackward(ops, { ...b, residuals: [] });
  return { ...sum, residuals, tokens, batches: a.batches + b.batches };
}

/** Sums over `batches` as means. */
export function meanOver(ops: TensorOps, tensors: Tensors, batches: number): Tensors {
  if (batches === 1) return tensors;
  return mapped(tensors, (tensor) => ops.mul(tensor, 1 / batches));
}

export function disposeBackward(ops: TensorOps, pass: Backward): void {
  const { grads, losses, statistics, fired, sums, squaredError, scatter, meanTarget, residuals } = pass;
  const named = [grads, losses, statistics, sums].flatMap((tensors) => Object.values(tensors));
  ops.dispose([...named, fired, squaredError, scatter, meanTarget, ...residuals]);
}

const added = (ops: TensorOps, a: Tensors, b: Tensors): Tensors =>
  mapped(a, (tensor, name) => ops.add(tensor, b[name]!));

const mapped = (tensors: Tensors, f: (tensor: Tensor, name: string) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor, name)]));
