/** Listeners to a training run. The loop awaits each call, in order. */
export interface Reporter {
  onStart?(event: StartEvent): void | Promise<void>;
  onStep?(event: StepEvent): void | Promise<void>;
  onCheckpoint?(event: CheckpointEvent): void | Promise<void>;
  onEnd?(event: EndEvent): void | Promise<void>;
}

export interface StartEvent {
  readonly variant: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly backend: string;
  /** First step of this run minus one: greater than 0 when resumed. */
  readonly startStep: number;
  readonly totalSteps: number;
  readonly provenance: Readonly<Record<string, string>>;
}

export interface StepEvent {
  /** 1 for the first step. */
  readonly step: number;
  readonly totalSteps: number;
  /** Training tokens seen so far. */
  readonly tokens: number;
  readonly lr: number;
  /** Sum of `losses`. */
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Mean number of active latents per token of this batch. */
  readonly l0: number;
  /** Latents that have not fired in the last `dead_after_tokens` tokens, before any resampling. */
  readonly dead: number;
  /** FVU of this batch with the weights of the forward pass: a training curve, not an evaluation. NaN for equal tokens. */
  readonly batchFvu: number;
  /** Norm of each parameter's gradient, as the variant corrected it, before clipping. */
  readonly gradNorms: Readonly<Record<string, number>>;
  /** What gradients did to each parameter in this step; absent in the steps between records. */
  readonly gradients?: Readonly<Record<string, GradientRecord>>;
  /** Dead latents started anew at the end of this step; absent where none was due to. */
  readonly resampled?: number;
  /** Since the start of this run. */
  readonly elapsedMs: number;
}

/** What the gradient did to one parameter in one step: up to the optimiser and the variant's constraints, before any resampling. */
export interface GradientRecord {
  /** Of the gradient, as in `gradNorms`. */
  readonly norm: number;
  /** Norm of the step's change over the norm of the parameter before it; absent where float32 has no such ratio (all zero before). */
  readonly updateRatio?: number;
  /** Share of the entries whose gradient, as the variant corrected it, is exactly 0. */
  readonly zeroShare: number;
  /** Parameters with codes: share of the codes that this step changed. */
  readonly changedCodes?: number;
  /** Parameters with codes: share of the codes whose sign (-1, 0 or 1) this step changed. */
  readonly signFlips?: number;
  /** Parameters whose codes the forward pass rounds to, in fewer steps than the rest. */
  readonly straightThrough?: StraightThroughMismatch;
}

/**
 * The straight-through gradient of sampled weights against what a step of their code does to the loss: the central difference
 * `(L(c + 1) - L(c - 1)) / (q(c + 1) - q(c - 1))`, one-sided at the ends of the range. Both are of a few tokens of the step and
 * the weights it began with. Neither number is there where float32 losses do not resolve the differences.
 */
export interface StraightThroughMismatch {
  /** Sampled. */
  readonly weights: number;
  /** Cosine of the angle between gradients and differences; absent where one of the two is all zero. */
  readonly cosine?: number;
  /** `|gradients - differences| / |differences|`; absent where the differences are all zero. */
  readonly relativeError?: number;
}

export interface CheckpointEvent {
  readonly step: number;
  /** Where it was written, in the store's words. */
  readonly location: string;
}

export interface EndEvent {
  readonly step: number;
  readonly reason: "finished" | "aborted";
  readonly elapsedMs: number;
}
