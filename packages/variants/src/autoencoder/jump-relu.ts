/**
 * JumpReLU activation (Rajamanoharan et al. 2024, "Jumping ahead", sections 3-4): z = h 1[h > theta], loss = l0Coefficient *
 * mean over tokens of sum_j 1[h_j > theta_j]. The jump has no gradient; theta learns through a rectangle kernel K of width
 * `bandwidth` (eq. 11-12):
 *
 *     dz/dtheta  ~ -(theta / bandwidth) K((h - theta) / bandwidth)
 *     dL0/dtheta ~ -(1 / bandwidth)     K((h - theta) / bandwidth)
 *
 * h passes a ReLU first, so a threshold below 0 acts like 0.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { denseActivated } from "./dense.ts";
import { requiredTensor } from "./required-tensor.ts";

export interface JumpReluOptions {
  readonly dSae: number;
  readonly l0Coefficient: number;
  readonly l0WarmupFraction: number;
  readonly bandwidth: number;
  readonly initialThreshold: number;
}

export const jumpRelu = ({
  dSae,
  l0Coefficient,
  l0WarmupFraction,
  bandwidth,
  initialThreshold,
}: JumpReluOptions): Activation => ({
  init: (ops) => ({ threshold: ops.fill([dSae], initialThreshold) }),
  apply: (ops, { u, wEnc, bEnc, wDec, params, progress }) => {
    const h = ops.relu(ops.add(ops.matMul(u, wEnc), bEnc)); // [n, d_sae]
    const threshold = params["threshold"]!; // [d_sae]
    const z = jump(ops, h, threshold, bandwidth);
    const warmth = l0WarmupFraction > 0 ? Math.min(1, progress / l0WarmupFraction) : 1;
    const l0 = ops.mean(ops.sum(step(ops, h, threshold, bandwidth), 1));
    return { ...denseActivated(ops, z, wDec), losses: { l0: ops.mul(l0, l0Coefficient * warmth) } };
  },
  selection: (params) => ({
    kind: "threshold",
    threshold: Float32Array.from(requiredTensor(params, "threshold").data, (theta) => Math.max(theta, 0)),
  }),
});

/** `h 1[h > threshold]`; h `[n, d_sae]`, threshold `[d_sae]`. */
function jump(ops: TensorOps, h: Tensor, threshold: Tensor, bandwidth: number): Tensor {
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

/** `1[h > threshold]`, with no gradient to h. */
function step(ops: TensorOps, h: Tensor, threshold: Tensor, bandwidth: number): Tensor {
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
