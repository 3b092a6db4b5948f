/**
 * TopK activation with the AuxK loss for dead latents (Gao et al. 2024, "Scaling and evaluating sparse autoencoders",
 * sections 2.3 and A.2): z = TopK_k(pre-activations) through ReLU; auxk = coefficient * ||e - ehat||^2 / ||e||^2, where
 * ehat reconstructs the residual e from the `auxK` largest dead latents.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Activation, ActivationInput } from "./activation.ts";

export interface TopKOptions {
  readonly k: number;
  /** Whether selected latents pass a ReLU; otherwise negative ones stay. Default true. */
  readonly relu?: boolean;
  /** Dead latents that reconstruct the residual; 0: no AuxK loss. */
  readonly auxK: number;
  readonly auxKCoefficient: number;
}

/** Pushes living latents below every dead one without leaving float32's exact range for scores. */
const OUT_OF_REACH = 1e6;

export const topK = ({ k, relu = true, auxK, auxKCoefficient }: TopKOptions): Activation => ({
  init: () => ({}),
  apply: (ops, input) => {
    const { x, center, wEnc, bEnc, wDec, dead } = input;
    const selected = ops.encodeTopK(x, wEnc, bEnc, k, center);
    const latents = relu ? { ...selected, values: ops.relu(selected.values) } : selected;
    return {
      latents,
      decoded: ops.decodeSparse(latents, wDec),
      fired: ops.countFired(latents),
      losses: {},
      ...(dead && auxK > 0
        ? {
            residualLosses: (residual) => ({
              auxk: ops.mul(auxLoss(ops, input, dead, auxK, residual), auxKCoefficient),
            }),
          }
        : {}),
    };
  },
  selection: () => ({ kind: "topk", k, relu }),
});

function auxLoss(
  ops: TensorOps,
  { x, center, wEnc, bEnc, wDec }: ActivationInput,
  dead: Tensor,
  auxK: number,
  residual: Tensor,
): Tensor {
  const onlyDead = ops.add(bEnc, ops.mul(ops.sub(dead, 1), OUT_OF_REACH)); // [d_sae]
  const selected = ops.encodeTopK(x, wEnc, onlyDead, auxK, center);
  const revived = ops.decodeSparse({ ...selected, values: ops.relu(selected.values) }, wDec); // [n, d_in]
  const energy = ops.maximum(ops.sum(ops.square(residual)), 1e-20);
  return ops.div(ops.sum(ops.square(ops.sub(residual, revived))), energy);
}
