/**
 * Latents that are 0 or 1: z = 1[h > 0], straight through sigmoid (Bengio, Leonard & Courville 2013): dz/dh ~ s(h) (1 - s(h)).
 * Sparsity loss: sparsityLambda * mean over tokens of sum_j z_j, rising linearly over the warm-up share of the run.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { denseActivated, preActivations } from "./dense.ts";

export interface SwitchesOptions {
  /** Absent: no sparsity loss. */
  readonly sparsityLambda?: number;
  /** Share of the run over which the loss rises. Default 0. */
  readonly warmupFraction?: number;
}

export const switches = ({ sparsityLambda, warmupFraction = 0 }: SwitchesOptions = {}): Activation => ({
  init: () => ({}),
  apply: (ops, input) => {
    const scores = preActivations(ops, input); // [n, d_sae]
    const z = switchedOn(ops, scores);
    const activated = { ...denseActivated(ops, z, input.wDec), scores };
    if (sparsityLambda === undefined) return { ...activated, losses: {} };
    const weight = sparsityLambda * warmth(warmupFraction, input.progress);
    return { ...activated, losses: { sparsity: ops.mul(ops.mean(ops.sum(z, 1)), weight) } };
  },
  selection: () => ({ kind: "sign" }),
});

/** `1[h > 0]` with the gradient of sigmoid. */
function switchedOn(ops: TensorOps, h: Tensor): Tensor {
  return ops.customGrad(
    [h],
    () => ({ value: ops.greater(h, 0), saved: [h] }),
    (dy, [saved]) => [ops.mul(dy, sigmoidSlope(ops, saved!))],
  );
}

/** Derivative of sigmoid at a: `s (1 - s)`. */
function sigmoidSlope(ops: TensorOps, a: Tensor): Tensor {
  const s = ops.sigmoid(a);
  return ops.mul(s, ops.sub(1, s));
}

/** From 0 to 1 over the first `fraction` of the run. */
const warmth = (fraction: number, progress: number): number => (fraction > 0 ? Math.min(1, progress / fraction) : 1);
