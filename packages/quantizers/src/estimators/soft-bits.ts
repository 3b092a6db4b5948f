/**
 * Soft bits of the Python reference: every bit of a two's complement weight is a probability p = sigmoid(logit),
 *
 *     weight   = step (sum_{i<n-1} 2^i p_i - 2^(n-1) p_{n-1}),   step = gamma / 2^(n-1)
 *     polarize = mean of p (1 - p) 2^i
 *
 * Both are exact functions of the logits. Hard bits, 1[p > 1/2], are codes of `twosComplement`; the loss only draws the two together.
 * Logits are `[d_sae, d_in * n]`, bit index fastest, least significant first.
 */
import type { Tensor, TensorOps } from "@qsae/core";

/** What each bit is worth in steps, least significant first. */
export const bitWorths = (bits: number): readonly number[] =>
  Array.from({ length: bits }, (_, i) => (i === bits - 1 ? -1 : 1) * 2 ** i);

/** `[rows * d_in, n]` */
const probabilities = (ops: TensorOps, logits: Tensor, bits: number): Tensor =>
  ops.reshape(ops.sigmoid(logits), [-1, bits]);

/** Weights `[d_sae, d_in]` of logits `[d_sae, d_in * bits]`. Differentiable. */
export function softBitWeights(ops: TensorOps, logits: Tensor, bits: number, step: number): Tensor {
  const scaled = ops.tensor(
    bitWorths(bits).map((worth) => worth * step),
    [bits, 1],
  );
  return ops.reshape(ops.matMul(probabilities(ops, logits, bits), scaled), [-1, logits.shape[1]! / bits]);
}

/** How undecided bits are, a scalar: 0 where all of them are 0 or 1. Differentiable. */
export function undecidedBits(ops: TensorOps, logits: Tensor, bits: number): Tensor {
  const p = probabilities(ops, logits, bits);
  const magnitudes = ops.tensor(bitWorths(bits).map(Math.abs), [1, bits]);
  return ops.mean(ops.mul(ops.mul(p, ops.sub(1, p)), magnitudes));
}
