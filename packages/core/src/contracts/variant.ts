/**
 * A kind of sparse autoencoder: how it starts, computes, is constrained, and becomes a {@link PackedSae}. Variants hold no
 * tensors: all their state is in `params`, which the training loop owns and checkpoints save.
 */
import type { HostTensors, PackedSae } from "@qsae/runtime";
import type { Quantizer } from "./quantizer.ts";
import type { Tensor, TensorOps, Tensors, TopKLatents } from "./tensor-ops.ts";

/** What `init` may use: statistics of the first training batches. */
export interface InitContext {
  readonly seed: number;
  /** Where b_dec starts: the mean or the geometric median of the targets `[d_in]`. */
  readonly center: Float32Array;
  /** Root of the mean squared distance of the targets from their center. */
  readonly deviation: number;
  /** Parameters to start from, by name; the variant initialises the rest around them. */
  readonly warmStart?: HostTensors;
}

/** What `forward` sees of the run beside the parameters. */
export interface ForwardContext {
  /** What is encoded: `[n, d_in]` */
  readonly x: Tensor;
  /** What is to be reconstructed, where that is not x (transcoders): `[n, d_in]` */
  readonly target?: Tensor;
  /** `[d_sae]`: 1 for latents that have been dead for the configured number of tokens, else 0. Absent when none is. */
  readonly dead?: Tensor;
  /** 0 at the first step, 1 at the last: for warm-ups and annealing. */
  readonly progress: number;
}

export interface ForwardPass {
  /** Reconstruction with the first m levels, m = 1..levels; the last is the full one. Each `[n, d_in]`. */
  readonly reconstructions: readonly Tensor[];
  /** Named scalar losses, already weighted; training minimises their sum. */
  readonly losses: Tensors;
  /** Tokens of the batch each latent fired on: `[d_sae]`. */
  readonly fired: Tensor;
  /** What the dictionary is multiplied by: `[n, d_sae]`, or the k per token that are not 0. */
  readonly latents: Tensor | TopKLatents;
  /** Pre-activations `[n, d_sae]`, where all of them were computed. */
  readonly scores?: Tensor;
  /** What corrections and constraints of this step need to know of its batch, by name. Gradients do not flow through. */
  readonly statistics?: Tensors;
}

/** What corrections and constraints see of the step they belong to. */
export interface StepContext {
  /** 1 for the first step of the run. */
  readonly step: number;
  /** As the {@link ForwardContext} of this step had it. */
  readonly progress: number;
  /** Those of this step's {@link ForwardPass}. */
  readonly statistics: Tensors;
  /** As backpropagation gave them, before any correction. */
  readonly gradients: Tensors;
}

/** Parameters that were changed other than by the optimiser. */
export interface ChangedParameters {
  /** All parameters. */
  readonly params: Tensors;
  /** By parameter, 1 for the entries that begin anew: their Adam moments are zeroed. Broadcast to the parameter's shape. */
  readonly fresh?: Tensors;
}

/** What resampling may use. */
export interface ResampleContext {
  readonly seed: number;
  /** `[d_sae]`: 1 for the latents to start anew. */
  readonly dead: Tensor;
  /** One per latent, `[d_sae, d_in]`: what is left to explain of tokens drawn by squared error; rows of living latents are unused. */
  readonly residuals: Tensor;
}

/** A parameter with codes: the float weights behind quantized ones. What the analysis of gradients needs to know of it. */
export interface QuantizedWeights {
  /** `W_dec` */
  readonly param: string;
  /** The axis of the parameter, which has two, that counts latents. */
  readonly latentAxis: 0 | 1;
  /**
   * What each code stands for before scaling: -1 or 1, or -1, 0 or 1, or -1.5 .. 1.5, so that its sign is that of the weight and
   * equal levels are equal codes. Any shape; of a sum of planes, the codes of all of them.
   */
  levels(ops: TensorOps, params: Tensors): Tensor;
  /** Absent where the forward pass does not round (soft bits): its gradients are exact. */
  readonly rounding?: Rounding;
}

/** Rounding that gradients pass straight through. Entry by entry: each depends on its own weight, and on a grid that stands. */
export interface Rounding {
  /** What the forward pass has in the parameter's place. Of its shape. */
  rounded(ops: TensorOps, params: Tensors): Tensor;
  /**
   * The parameter with each entry where its code is the next one up (`by` 1) or down (-1), or as it is where there is none. Of a
   * sum of planes: the next code of the last, finest plane.
   */
  neighbours(ops: TensorOps, params: Tensors, by: 1 | -1): Tensor;
}

export interface Variant {
  readonly id: string;
  /** Everything needed to make this variant again, as JSON with the field's key names (`d_in`, `d_sae`, `k`). */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  /** Which parameters have codes. Absent: none has. */
  readonly quantized?: readonly QuantizedWeights[];
  /** Fresh parameters. */
  init(ops: TensorOps, context: InitContext): Tensors;
  /** Pure: reads params and x, returns new tensors. */
  forward(ops: TensorOps, params: Tensors, context: ForwardContext): ForwardPass;
  /** Corrections of gradients before the optimiser sees them. Returns all gradients. */
  afterBackward?(ops: TensorOps, params: Tensors, grads: Tensors, context: StepContext): Tensors;
  /** Constraints after the optimiser step. */
  afterStep?(ops: TensorOps, params: Tensors, context: StepContext): ChangedParameters;
  /** Starts dead latents anew. Absent: this variant cannot. */
  resample?(ops: TensorOps, params: Tensors, context: ResampleContext): ChangedParameters;
  /** The parameters that do on x what `params` do on `scale * x`, its reconstruction divided by `scale`. Absent: there are none. */
  foldInputScale?(params: HostTensors, scale: number): HostTensors;
  /**
   * The inference form, with quantized weights. Needs ops because quantizers are written on tensors; `params` are host
   * copies so that a checkpoint lowers without a training run.
   */
  lower(ops: TensorOps, params: HostTensors): Promise<PackedSae>;
}

/** Makes a variant from a JSON config; throws UsageError naming unknown or contradictory keys and what is allowed. */
export interface VariantFactory {
  readonly id: string;
  fromConfig(config: Readonly<Record<string, unknown>>, resolve: QuantizerResolver): Variant;
}

/** Finds a quantizer by stored name; throws UsageError listing the known ones. */
export type QuantizerResolver = (id: string, options?: Readonly<Record<string, unknown>>) => Quantizer;
