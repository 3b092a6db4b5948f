/**
 * BatchTopK activation (Bussmann, Leask & Nanda 2024, "BatchTopK sparse autoencoders", section 3.1): of the n d_sae
 * pre-activations of a batch, through ReLU, the n k largest are kept, so that a token may have more than k latents and
 * another fewer. AuxK loss for dead latents. At inference latents are those above a threshold (`inference-threshold.ts`).
 *
 * Only the `mostPerToken` largest of a token take part, which keeps `[n, d_sae]` out of memory and every gradient sparse. A
 * token that would have more loses the smallest of them.
 */
import type { Activation } from "./activation.ts";
import { auxKLoss, type AuxKOptions } from "./aux-k.ts";
import {
  INFERENCE_THRESHOLD,
  initialThreshold,
  movedThreshold,
  smallestSelected,
  thresholdOf,
} from "./inference-threshold.ts";

export interface BatchTopKOptions extends AuxKOptions {
  readonly dSae: number;
  /** Active latents per token, on average. */
  readonly k: number;
  /** From k to d_sae. */
  readonly mostPerToken: number;
}

export const batchTopK = ({ dSae, k, mostPerToken, ...aux }: BatchTopKOptions): Activation => ({
  latents: "magnitudes",
  scaled: [INFERENCE_THRESHOLD],
  init: initialThreshold,
  apply: (ops, input) => {
    const { x, center, wEnc, bEnc } = input;
    const candidates = ops.encodeTopK(x, wEnc, bEnc, mostPerToken, center);
    const values = ops.batchTopK(ops.relu(candidates.values), x.shape[0]! * k); // [n, mostPerToken]
    return {
      latents: { ...candidates, values },
      losses: {},
      statistics: smallestSelected(ops, values),
      ...auxKLoss(ops, input, aux, (scores) => ops.relu(scores)),
    };
  },
  afterStep: movedThreshold,
  lower: (params) => ({
    selection: { kind: "threshold", threshold: new Float32Array(dSae).fill(thresholdOf(params)) },
  }),
});
