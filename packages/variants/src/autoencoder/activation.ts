/**
 * What turns pre-activations into sparse latents. An activation owns its parameters, its sparsity losses and its inference
 * form; the autoencoder around it does not know which one it has.
 */
import type { HostTensors, Selection } from "@qsae/runtime";
import type { ForwardPass, Tensor, TensorOps, Tensors } from "@qsae/core";

/** What an activation sees of the forward pass. */
export interface ActivationInput {
  /** `[n, d_in]` */
  readonly x: Tensor;
  /** Subtracted from x before the encoder: b_dec, where the SAE does so. `[d_in]` */
  readonly center?: Tensor;
  /** `[d_in, d_sae]` */
  readonly wEnc: Tensor;
  /** `[d_sae]` */
  readonly bEnc: Tensor;
  /** `[d_sae, d_in]` */
  readonly wDec: Tensor;
  /** The activation's own parameters, by name. */
  readonly params: Tensors;
  /** `[d_sae]`, see ForwardContext. */
  readonly dead?: Tensor;
  readonly progress: number;
}

export interface Activated extends Pick<ForwardPass, "latents" | "scores"> {
  /** `z W_dec`: `[n, d_in]` */
  readonly decoded: Tensor;
  readonly fired: Tensor;
  /** Sparsity losses, weighted. */
  readonly losses: Tensors;
  /** Losses that depend on what is left to explain, e.g. AuxK. residual = x - xhat, detached: `[n, d_in]` */
  readonly residualLosses?: (residual: Tensor) => ForwardPass["losses"];
}

export interface Activation {
  /** Initial parameters beside the autoencoder's own. */
  init(ops: TensorOps): Tensors;
  apply(ops: TensorOps, input: ActivationInput): Activated;
  /** Inference form. */
  selection(params: HostTensors): Selection;
}
