/** What the page asks of the worker that trains, and what comes back. All of it passes through `postMessage`. */
import type { EvaluationSummary } from "@qsae/analysis";

export interface Job {
  /** The tiny language model, harvested in the page, or activations in a file. */
  readonly data: { readonly kind: "tiny-lm" } | { readonly kind: "file"; readonly file: File };
  /** Id of a preset. */
  readonly preset: string;
  readonly dSae: number;
  readonly k: number;
  /** Of each run. */
  readonly steps: number;
  /** Training tokens at most. */
  readonly tokens: number;
}

export type TrainerRequest =
  | { readonly kind: "train"; readonly job: Job }
  /** Reads the head of an activation file. */
  | { readonly kind: "look-at"; readonly file: File }
  /** What is trained so far is evaluated; before and after training, the job ends. */
  | { readonly kind: "stop" };

export type TrainerReply =
  | { readonly kind: "backend"; readonly description: string }
  | { readonly kind: "data"; readonly trainTokens: number; readonly heldoutTokens: number; readonly dIn: number }
  | Progress
  | ({ readonly kind: "step" } & Step)
  | { readonly kind: "trained"; readonly outcome: Outcome }
  | { readonly kind: "activations"; readonly tokens: number; readonly dIn: number }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly problem: string };

export interface Progress {
  readonly kind: "progress";
  /** What is being done, as the page says it: `Harvesting activations`. */
  readonly doing: string;
  readonly done: number;
  /** In the unit of `done`. Absent: it cannot be told. */
  readonly total?: number;
}

/** One step of training. */
export interface Step {
  /** Index of the preset's run. */
  readonly stage: number;
  readonly step: number;
  readonly totalSteps: number;
  /** Training tokens so far. */
  readonly tokens: number;
  readonly loss: number;
  readonly batchFvu: number;
  readonly dead: number;
  readonly elapsedMs: number;
}

/** A trained SAE. */
export interface Outcome {
  /** The packed file. */
  readonly file: Uint8Array<ArrayBuffer>;
  /** `ternary.qsae.safetensors` */
  readonly fileName: string;
  /** Measured on held-out tokens with the weights of the file. */
  readonly summary: EvaluationSummary;
  /** Training was stopped before its end. */
  readonly stoppedEarly: boolean;
  /** From the job's arrival to its end. */
  readonly elapsedMs: number;
}
