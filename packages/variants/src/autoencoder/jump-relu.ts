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
import { DEVIATION, deviationOf, initialDeviation, ofL0 } from "./deviation.ts";
import { requiredTensor } from "./required-tensor.ts";
import { warmth } from "./warmth.ts";

export interface JumpReluOptions {
  readonly dSae: number;
  readonly l0Coefficient: number;
  readonly l0WarmupFraction: number;
  /** Both in units of the data's deviation. */
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
  scaled: ["threshold", DEVIATION],
  init: (ops, deviation) => ({
    threshold: ops.mul(ops.fill([dSae], initialThreshold), deviation),
    ...initialDeviation(ops, deviation),
  }),
  apply: (ops, input) => {
    const { wDec, params, progress } = input;
    const scores = preActivations(ops, input); // [n, d_sae]
    const threshold = params["threshold"]!; // [d_sae]
    // Both ops take out a factor: in units of the data the kernel has one width.
    const unit = deviationOf(ops, params);
    const [h, theta] = [ops.div(ops.relu(scores), unit), ops.div(threshold, unit)];
    const l0 = ops.mean(ops.sum(step(ops, h, theta, bandwidth), 1));
    const coefficient = l0Coefficient * warmth(l0WarmupFraction, progress);
    return {
      latents: ops.mul(jump(ops, h, theta, bandwidth), unit),
      scores,
      losses: { l0: ops.sum(ops.mul(l0, ofL0(ops, params, wDec.shape[1]!, coefficient))) },
    };
  },
  lower: (params) => {
    const threshold = Float32Array.from(requiredTensor(params, "threshold").data, (theta) => Math.max(theta, 0));
    return { selection: { kind: "threshold", threshold } };
  },
});
