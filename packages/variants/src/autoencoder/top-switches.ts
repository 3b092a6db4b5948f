/**
 * Latents that are 0 or 1 and few: z = 1[h > 0] among the k largest h of a token, or among the n k largest of a batch of n
 * tokens; straight through sigmoid for the candidates (`switches.ts`). AuxK loss for dead latents.
 *
 * For a batch, the `mostPerToken` largest of each token are candidates, and at inference latents are those with h over the
 * mean of the smallest selected ones (`inference-threshold.ts`), lowered as a shift of b_enc.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import { sigmoidSlope } from "@qsae/quantizers";
import type { Activation } from "./activation.ts";
import { auxKLoss, type AuxKOptions } from "./aux-k.ts";
import { initialThreshold, movedThreshold, smallestSelected, thresholdOf } from "./inference-threshold.ts";
import { requiredTensor } from "./required-tensor.ts";
import { switchedOn } from "./switches.ts";

export interface TopSwitchesOptions extends AuxKOptions {
  /** Active latents per token, at most. */
  readonly k: number;
}

export const topSwitches = ({ k, ...aux }: TopSwitchesOptions): Activation => ({
  latents: "switches",
  active: k,
  scaled: [],
  init: () => ({}),
  apply: (ops, input) => {
    const { x, center, wEnc, bEnc } = input;
    const selected = ops.encodeTopK(x, wEnc, bEnc, k, center);
    return {
      latents: { ...selected, values: switchedOn(ops, selected.values) },
      losses: {},
      ...auxKLoss(ops, input, aux, (scores) => switchedOn(ops, scores)),
    };
  },
  lower: () => ({ selection: { kind: "sign", k } }),
});

export interface BatchTopSwitchesOptions extends AuxKOptions {
  /** Active latents per token, on average. */
  readonly k: number;
  /** From k to d_sae. */
  readonly mostPerToken: number;
}

export const batchTopSwitches = ({ k, mostPerToken, ...aux }: BatchTopSwitchesOptions): Activation => ({
  latents: "switches",
  active: k,
  scaled: [],
  init: initialThreshold,
  apply: (ops, input) => {
    const { x, center, wEnc, bEnc } = input;
    const candidates = ops.encodeTopK(x, wEnc, bEnc, mostPerToken, center);
    const selected = ops.batchTopK(ops.relu(ops.detach(candidates.values)), x.shape[0]! * k); // [n, mostPerToken]
    return {
      latents: { ...candidates, values: straightThrough(ops, candidates.values, ops.greater(selected, 0)) },
      losses: {},
      statistics: smallestSelected(ops, selected),
      ...auxKLoss(ops, input, aux, (scores) => switchedOn(ops, scores)),
    };
  },
  afterStep: movedThreshold,
  lower: (params) => {
    const threshold = thresholdOf(params);
    return {
      selection: { kind: "sign" },
      bEnc: Float32Array.from(requiredTensor(params, "b_enc").data, (bias) => bias - threshold),
    };
  },
});

/** `on` (0 or 1), with the gradient of sigmoid(h) to the scores that are on. */
function straightThrough(ops: TensorOps, h: Tensor, on: Tensor): Tensor {
  return ops.customGrad(
    [h],
    () => ({ value: ops.mul(on, 1), saved: [h, on] }),
    (dy, [savedH, savedOn]) => [ops.mul(ops.mul(dy, savedOn!), sigmoidSlope(ops, savedH!))],
  );
}
