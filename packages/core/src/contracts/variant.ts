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
  /** Mean activation `[d_in]`. */
  readonly mean: Float32Array;
  /** Parameters to start from, by name; the variant initialises the rest around them. */
  readonly warmStart?: HostTensors;
}

/** What `forward` sees of the run beside the parameters. */
export interface ForwardContext {
  /** `[n, d_in]` */
  readonly x: Tensor;
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
  /** Those of this step's {@link ForwardPass}. */
  readonly statistics: Tensors;
}

export interface Variant {
  readonly id: string;
  /** Everything needed to make this variant again, as JSON with the field's key names (`d_in`, `d_sae`, `k`). */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  /** Fresh parameters. */
  init(ops: TensorOps, context: InitContext): Tensors;
  /** Pure: reads params and x, returns new tensors. */
  forward(ops: TensorOps, params: Tensors, context: ForwardContext): ForwardPass;
  /** Corrections of gradients before the optimiser sees them. Returns all gradients. */
  afterBackward?(ops: TensorOps, params: Tensors, grads: Tensors, context: StepContext): Tensors;
  /** Constraints after the optimiser step. Returns all parameters. */
  afterStep?(ops: TensorOps, params: Tensors, context: StepContext): Tensors;
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
