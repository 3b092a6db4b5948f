/**
 * ReLU activation with an L1 penalty weighted by atom norms (Bricken et al. 2023; norm weighting as in Anthropic's April 2024
 * update): z = relu(pre-activations), loss = l1(t) * mean over tokens of sum_j z_j ||W_dec[j]||, l1 rising linearly from 0
 * over the warm-up share of the run.
 */
import type { Activation } from "./activation.ts";
import { denseActivated, preActivations } from "./dense.ts";
import { requiredTensor } from "./required-tensor.ts";

export interface ReluOptions {
  /** Absent: no penalty. */
  readonly l1Coefficient?: number;
  /** Share of the run over which the coefficient rises. */
  readonly l1WarmupFraction?: number;
}

export const relu = ({ l1Coefficient, l1WarmupFraction = 0 }: ReluOptions = {}): Activation => ({
  init: () => ({}),
  apply: (ops, input) => {
    const { wDec, progress } = input;
    const scores = preActivations(ops, input); // [n, d_sae]
    const z = ops.relu(scores);
    const activated = { ...denseActivated(ops, z, wDec), scores };
    if (l1Coefficient === undefined) return { ...activated, losses: {} };
    const norms = ops.sqrt(ops.add(ops.sum(ops.square(wDec), 1), 1e-12)); // [d_sae]
    const warmth = l1WarmupFraction > 0 ? Math.min(1, progress / l1WarmupFraction) : 1;
    const penalty = ops.mean(ops.sum(ops.mul(z, norms), 1));
    return { ...activated, losses: { l1: ops.mul(penalty, l1Coefficient * warmth) } };
  },
  selection: (params) => ({
    kind: "threshold",
    threshold: new Float32Array(requiredTensor(params, "b_enc").shape[0]!),
  }),
});
