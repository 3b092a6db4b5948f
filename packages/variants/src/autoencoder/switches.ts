/**
 * Latents that are 0 or 1: z = 1[h > 0], straight through sigmoid (Bengio, Leonard & Courville 2013): dz/dh ~ s(h) (1 - s(h)).
 * Sparsity loss: sparsityLambda * mean over tokens of sum_j z_j, rising linearly over the warm-up share of the run.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import { sigmoidSlope } from "@qsae/quantizers";
import type { Activation } from "./activation.ts";
import { preActivations } from "./dense.ts";
import { warmth } from "./warmth.ts";

export interface SwitchesOptions {
  /** Absent: no sparsity loss. */
  readonly sparsityLambda?: number;
  /** Share of the run over which the loss rises. Default 0. */
  readonly warmupFraction?: number;
  /** Default 0. The packed SAE always has 0: set only to within rounding of it. */
  readonly threshold?: number;
}

/** sigmoid(h) > 1/2 and sigmoid(h) >= 1/2 are h > these, as float32 rounds. The reference compares probabilities. */
export const OVER_HALF = 2 ** -23;
export const AT_LEAST_HALF = -(2 ** -24);

export const switches = ({ sparsityLambda, warmupFraction = 0, threshold = 0 }: SwitchesOptions = {}): Activation => ({
  latents: "switches",
  scaled: [],
  init: () => ({}),
  apply: (ops, input) => {
    const scores = preActivations(ops, input); // [n, d_sae]
    const latents = switchedOn(ops, scores, threshold);
    if (sparsityLambda === undefined) return { latents, scores, losses: {} };
    const weight = sparsityLambda * warmth(warmupFraction, input.progress);
    return { latents, scores, losses: { sparsity: ops.mul(ops.mean(ops.sum(latents, 1)), weight) } };
  },
  lower: () => ({ selection: { kind: "sign" } }),
});

/** `1[h > threshold]` with the gradient of sigmoid. */
export function switchedOn(ops: TensorOps, h: Tensor, threshold = 0): Tensor {
  return ops.customGrad(
    [h],
    () => ({ value: ops.greater(h, threshold), saved: [h] }),
    (dy, [saved]) => [ops.mul(dy, sigmoidSlope(ops, saved!))],
  );
}
