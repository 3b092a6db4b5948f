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
  /** Dead latents started anew at the end of this step; absent where none was due to. */
  readonly resampled?: number;
  /** Since the start of this run. */
  readonly elapsedMs: number;
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
