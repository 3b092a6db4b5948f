/**
 * TopK activation (Gao et al. 2024, "Scaling and evaluating sparse autoencoders", section 2.3): z = TopK_k(pre-activations)
 * through ReLU, with the AuxK loss for dead latents.
 */
import type { Activation } from "./activation.ts";
import { auxKLoss, type AuxKOptions } from "./aux-k.ts";

export interface TopKOptions extends AuxKOptions {
  readonly k: number;
  /** Whether selected latents pass a ReLU; otherwise negative ones stay. Default true. */
  readonly relu?: boolean;
}

export const topK = ({ k, relu = true, ...aux }: TopKOptions): Activation => ({
  latents: "magnitudes",
  scaled: [],
  init: () => ({}),
  apply: (ops, input) => {
    const { x, center, wEnc, bEnc } = input;
    const selected = ops.encodeTopK(x, wEnc, bEnc, k, center);
    return {
      latents: relu ? { ...selected, values: ops.relu(selected.values) } : selected,
      losses: {},
      ...auxKLoss(ops, input, aux, (scores) => ops.relu(scores)),
    };
  },
  lower: () => ({ selection: { kind: "topk", k, relu } }),
});
