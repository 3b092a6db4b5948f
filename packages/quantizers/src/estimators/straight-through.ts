/**
 * The straight-through estimator (Bengio, Leonard & Courville 2013, "Estimating or propagating gradients through stochastic
 * neurons"): the weights' gradient passes as if nothing had been rounded, the scale's is exact while codes stand.
 */
import { defineQuantizer, scaleGradient, type Grid, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";

/**
 * The quantizer trained straight through. What quantizers do that have no gradient of their own; for those that have, it
 * replaces it.
 *
 * @example
 * const quantizer = straightThrough(clippedStraightThrough(int(4))); // trains as int(4)
 */
export function straightThrough(quantizer: Quantizer): Quantizer {
  const { estimator: _, ...options } = quantizer.options;
  const plain = { ...quantizer, options };
  Reflect.deleteProperty(plain, "backward");
  return defineQuantizer(plain);
}

/** The gradients that fake-quantize gives: those of the quantizer, or straight through. */
export function gradientsOf(
  ops: TensorOps,
  quantizer: Quantizer,
  dy: Tensor,
  w: Tensor,
  grid: Grid,
): { readonly w: Tensor } & Partial<Grid> {
  if (quantizer.backward) return quantizer.backward(ops, dy, w, grid);
  return { w: dy, scale: scaleGradient(ops, quantizer, dy, quantizer.encode(ops, w, grid), grid.scale) };
}
