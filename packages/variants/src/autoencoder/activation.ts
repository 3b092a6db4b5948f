/**
 * What turns pre-activations into sparse latents. An activation owns its parameters, its sparsity losses and its inference
 * form; the autoencoder around it does not know which one it has.
 */
import type { HostTensors, Selection } from "@qsae/runtime";
import type { ForwardPass, StepContext, Tensor, TensorOps, Tensors } from "@qsae/core";

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

/** What was to be reconstructed, detached. Each `[n, d_in]`. */
interface Targets {
  /** Of all latents: the target less b_dec and the skip connection. */
  readonly ofLatents: Tensor;
  /** What is left to explain: the target less the reconstruction. */
  readonly residual: Tensor;
}

export interface Activated extends Pick<ForwardPass, "latents" | "scores"> {
  /** Sparsity losses, weighted. */
  readonly losses: Tensors;
  /** Losses of reconstructions beside the main one, weighted, e.g. AuxK. */
  readonly targetLosses?: (targets: Targets) => Tensors;
  /** What `afterStep` needs of this batch, by name. */
  readonly statistics?: Tensors;
}

export interface Activation {
  /** Whether latents grow with the pre-activations, or are 0 or 1. */
  readonly latents: "magnitudes" | "switches";
  /** Active latents per token, where that is known beforehand. */
  readonly active?: number;
  /** Own parameters that are measured in units of the activations: they shrink when activations do. */
  readonly scaled: readonly string[];
  /**
   * Initial parameters beside the autoencoder's own. Those of shape `[d_sae]` belong to one latent each.
   *
   * @param deviation as in InitContext
   */
  init(ops: TensorOps, deviation: number | Tensor): Tensors;
  apply(ops: TensorOps, input: ActivationInput): Activated;
  /** Own parameters that the optimiser does not train, moved on. */
  afterStep?(ops: TensorOps, params: Tensors, context: StepContext): Tensors;
  /** Inference form. */
  lower(params: HostTensors): LoweredActivation;
}

interface LoweredActivation {
  readonly selection: Selection;
  /** `[d_sae]`, where it is not the parameter b_enc. */
  readonly bEnc?: Float32Array;
}
