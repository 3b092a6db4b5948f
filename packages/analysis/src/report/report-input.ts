/** What a report is made of: plain data, so that it can be collected anywhere, stored, and rendered later. */
import type { StepEvent } from "@qsae/core";
import type { CeRecovered } from "../ce-recovered.ts";
import type { CosinesWithin } from "../cosine/cosines-within.ts";
import type { EvaluationSummary } from "../evaluation-summary.ts";
import type { LatentTable } from "../latents/latent-table.ts";
import type { L0Result } from "../metrics/l0.ts";
import type { LatentDensity } from "../metrics/latent-density.ts";
import type { ReferenceAnalysis } from "../reference/reference-analysis.ts";
import type { Coactivation } from "../sparsity/coactivation.ts";
import type { CodeHistogram } from "../weights/code-histogram.ts";

export interface ReportInput {
  readonly title: string;
  /** When the figures were made. */
  readonly createdAt: Date;
  /** How they were made: command, data, model, hook. */
  readonly provenance?: Readonly<Record<string, string>>;
  /** In the order they are to be shown. */
  readonly saes?: readonly ReportSae[];
  readonly runs?: readonly ReportRun[];
}

/** One SAE. Everything but the name may be absent; what is absent is not shown, or shown as a dash. */
export interface ReportSae {
  /** A run of the same name shares its colour. */
  readonly name: string;
  readonly summary?: MeasuredSummary;
  readonly provenance?: Readonly<Record<string, string>>;
  readonly density?: LatentDensity;
  readonly l0?: Pick<L0Result, "mean" | "histogram">;
  /** Euclidean norm of every atom. */
  readonly atomNorms?: ArrayLike<number>;
  /** Quantized matrices: how often each code occurs. */
  readonly codes?: readonly CodeHistogram[];
  /** Relative error of every atom against the float reference. */
  readonly quantizationError?: ArrayLike<number>;
  /** Which latents fire together. */
  readonly coactivation?: Coactivation;
  /** How alike its atoms are. */
  readonly cosines?: CosinesWithin;
  /** What became of the SAE it was made from. */
  readonly reference?: ReferenceAnalysis;
  /** What a language model loses that goes on from its reconstructions. */
  readonly crossEntropy?: CeRecovered;
  /** What is left of it when its weights are rounded to so many bits, narrowest first. */
  readonly rounded?: readonly RoundedSae[];
  /** For the latent browser. */
  readonly latents?: LatentTable;
}

/** What is known of the figures of an evaluation. */
export type MeasuredSummary = Partial<EvaluationSummary> & {
  /** Relative reconstruction bias: 1 is unbiased. */
  readonly shrinkage?: number;
  /** Latents that fire on so many tokens that they are rarely interpretable. */
  readonly dense?: number;
};

/** An SAE whose weights are rounded to nearest, without training. */
export interface RoundedSae {
  /** Of the quantizer: `ternary`, `int4`. */
  readonly quantizer: string;
  readonly bits_per_weight: number;
  readonly fvu: number;
  /** On which it was measured. */
  readonly tokens: number;
}

/** One training run: its step events, in order. */
export interface ReportRun {
  readonly name: string;
  readonly steps: readonly ReportStep[];
}

/** A step event, of which a record may have kept a part. */
export type ReportStep = Pick<StepEvent, "tokens"> &
  Partial<Pick<StepEvent, "step" | "lr" | "loss" | "l0" | "dead" | "batchFvu" | "elapsedMs" | "gradients">>;
