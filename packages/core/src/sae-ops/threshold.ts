/**
 * Selection by a threshold per latent, with the straight-through gradients of JumpReLU (Rajamanoharan et al. 2024, "Jumping
 * ahead", eq. 11-12). A jump has no gradient in its threshold theta; it learns through a rectangle kernel K of width `bandwidth`:
 *
 *     jump(h) = h 1[h > theta]     d jump / dtheta ~ -(theta / bandwidth) K((h - theta) / bandwidth)
 *     step(h) = 1[h > theta]       d step / dtheta ~ -(1 / bandwidth)     K((h - theta) / bandwidth)
 */
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";

/**
 * `h 1[h > threshold]`; h `[n, d_sae]`, threshold `[d_sae]`. The gradient to h passes where it is above.
 *
 * @example
 * const z = jump(ops, ops.relu(h), threshold, 0.01);
 */
export function jump(ops: TensorOps, h: Tensor, threshold: Tensor, bandwidth: number): Tensor {
  return ops.customGrad(
    [h, threshold],
    () => ({ value: ops.mul(h, ops.greater(h, threshold)), saved: [h, threshold] }),
    (dy, [savedH, theta]) => {
      const kernel = rectangle(ops, savedH!, theta!, bandwidth);
      const dTheta = ops.mul(ops.sum(ops.mul(dy, kernel), 0), ops.mul(theta!, -1 / bandwidth));
      return [ops.mul(dy, ops.greater(savedH!, theta!)), dTheta];
    },
  );
}

/** `1[h > threshold]` as float32, with no gradient to h: the count of it is L0. h `[n, d_sae]`, threshold `[d_sae]`. */
export function step(ops: TensorOps, h: Tensor, threshold: Tensor, bandwidth: number): Tensor {
  return ops.customGrad(
    [h, threshold],
    () => ({ value: ops.greater(h, threshold), saved: [h, threshold] }),
    (dy, [savedH, theta]) => {
      const kernel = rectangle(ops, savedH!, theta!, bandwidth);
      return [ops.zeros(savedH!.shape), ops.mul(ops.sum(ops.mul(dy, kernel), 0), -1 / bandwidth)];
    },
  );
}

/** 1 where |h - threshold| < bandwidth / 2: `[n, d_sae]`. */
function rectangle(ops: TensorOps, h: Tensor, threshold: Tensor, bandwidth: number): Tensor {
  return ops.sub(1, ops.greaterEqual(ops.abs(ops.sub(h, threshold)), bandwidth / 2));
}
