/**
 * JumpReLU activation (Rajamanoharan et al. 2024, "Jumping ahead", sections 3-4): z = h 1[h > theta], loss = l0Coefficient *
 * mean over tokens of sum_j 1[h_j > theta_j], the coefficient rising linearly over the warm-up share of the run. Thresholds
 * learn through a rectangle kernel of width `bandwidth`, in z as in the loss (eq. 11-12).
 *
 * h passes a ReLU first, so a threshold below 0 acts like 0.
 */
import { jump, step } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { preActivations } from "./dense.ts";
import { requiredTensor } from "./required-tensor.ts";
import { warmth } from "./warmth.ts";

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
  latents: "magnitudes",
  scaled: ["threshold"],
  init: (ops) => ({ threshold: ops.fill([dSae], initialThreshold) }),
  apply: (ops, input) => {
    const { params, progress } = input;
    const scores = preActivations(ops, input); // [n, d_sae]
    const h = ops.relu(scores);
    const threshold = params["threshold"]!; // [d_sae]
    const l0 = ops.mean(ops.sum(step(ops, h, threshold, bandwidth), 1));
    return {
      latents: jump(ops, h, threshold, bandwidth),
      scores,
      losses: { l0: ops.mul(l0, l0Coefficient * warmth(l0WarmupFraction, progress)) },
    };
  },
  lower: (params) => {
    const threshold = Float32Array.from(requiredTensor(params, "threshold").data, (theta) => Math.max(theta, 0));
    return { selection: { kind: "threshold", threshold } };
  },
});
