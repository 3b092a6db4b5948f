/**
 * Sparsity by size: sum_j a_j^p of latents weighted by the norms of their atoms, a_j = z_j ||W_dec[j]|| (the weighting: Anthropic,
 * April 2024 update), without which latents could shrink and atoms grow.
 */
import type { Tensor, TensorOps } from "@qsae/core";

/** `z_j ||W_dec[j]||`; z `[n, d_sae]`, wDec `[d_sae, d_in]`. */
export function weighted(ops: TensorOps, z: Tensor, wDec: Tensor): Tensor {
  const norms = ops.sqrt(ops.add(ops.sum(ops.square(wDec), 1), 1e-12)); // [d_sae]
  return ops.mul(z, norms);
}

/** Mean over tokens of `sum_j a_j`, a `[n, d_sae]` not negative. */
export const l1 = (ops: TensorOps, a: Tensor): Tensor => ops.mean(ops.sum(a, 1));

/** Bounds the slope at 0, where that of a^p is infinite: p SMALL^(p - 1), 50 at p = 0.2. */
const SMALL = 1e-3;

/**
 * Mean over tokens of `sum_j (a_j + s)^p - s^p`, s = 0.001: the p-norm to the p-th power, with a finite slope at 0; at p = 1 it
 * is {@link l1}. Differentiable in a `[n, d_sae]`, not in the exponent.
 *
 * @param p one number
 */
export function lpPower(ops: TensorOps, a: Tensor, p: Tensor): Tensor {
  const exponent = ops.detach(p);
  return ops.customGrad(
    [a],
    () => {
      const logs = ops.log(ops.add(a, SMALL)); // [n, d_sae]
      const powers = ops.sub(ops.exp(ops.mul(logs, exponent)), ops.exp(ops.mul(exponent, Math.log(SMALL))));
      return { value: ops.mean(ops.sum(powers, 1)), saved: [logs, exponent] };
    },
    (dy, [logs, q]) => {
      const slope = ops.mul(ops.exp(ops.mul(logs!, ops.sub(q!, 1))), q!); // [n, d_sae]
      return [ops.mul(slope, ops.mul(dy, 1 / a.shape[0]!))];
    },
  );
}
