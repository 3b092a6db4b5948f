/** The figures of one evaluation as they are printed, stored in packed files and compared: flat JSON. */
import type { Evaluation } from "./evaluate.ts";
import type { Metric } from "@qsae/core";
import { fvu } from "./metrics/fvu.ts";
import { l0, type L0Result } from "./metrics/l0.ts";
import { latentDensity, type LatentDensity } from "./metrics/latent-density.ts";
import { mse } from "./metrics/mse.ts";

/** The metrics that every evaluation of QSAE reports. */
export type StandardMetrics = {
  readonly fvu: Metric<number>;
  readonly mse: Metric<number>;
  readonly l0: Metric<L0Result>;
  readonly density: Metric<LatentDensity>;
};

/**
 * A fresh set of the metrics that {@link evaluationSummary} needs.
 *
 * @example
 * const evaluation = await evaluateSae(sae, heldOut, { metrics: standardMetrics() });
 */
export function standardMetrics(): StandardMetrics {
  return { fvu: fvu(), mse: mse(), l0: l0(), density: latentDensity() };
}

/** Absent keys were not known. */
export interface EvaluationSummary {
  readonly fvu: number;
  /** `1 - fvu` */
  readonly explained_variance: number;
  readonly mse: number;
  /** Mean non-zero latents per token. */
  readonly l0: number;
  /** Latents that never fired in `tokens` tokens. */
  readonly dead: number;
  readonly tokens: number;
  readonly d_in: number;
  readonly d_sae: number;
  /** 8 * bytes of (codes + scales + tables + indices) / weights in the quantized matrices. */
  readonly bits_per_weight?: number;
  /** `8 bytes / (2 d_in d_sae)` */
  readonly file_bits_per_weight?: number;
  /** Size of the file. */
  readonly bytes?: number;
  /** Tokens encoded and decoded per second, without reading them. */
  readonly tokens_per_second?: number;
}

export interface SaeSize {
  readonly dIn: number;
  readonly dSae: number;
  /** From `bitsPerWeight(packed).total`; 32 for float weights. */
  readonly bitsPerWeight?: number;
  /** Size of the file. */
  readonly fileBytes?: number;
}

/** The part of an {@link EvaluationSummary} that needs no evaluation. */
export type SizeSummary = Pick<
  EvaluationSummary,
  "d_in" | "d_sae" | "bits_per_weight" | "file_bits_per_weight" | "bytes"
>;

/**
 * Flat figures of an evaluation made with at least {@link standardMetrics}.
 *
 * @example
 * const evaluation = await evaluateSae(sae, heldOut, { metrics: standardMetrics() });
 * console.log(JSON.stringify(evaluationSummary(evaluation, { dIn: sae.dIn, dSae: sae.dSae, fileBytes: bytes.length })));
 */
export function evaluationSummary(
  { metrics, tokens, saeMs }: Evaluation<StandardMetrics>,
  size: SaeSize,
): EvaluationSummary {
  return {
    fvu: metrics.fvu,
    explained_variance: 1 - metrics.fvu,
    mse: metrics.mse,
    l0: metrics.l0.mean,
    dead: metrics.density.dead,
    tokens,
    ...sizeSummary(size),
    // a clock too coarse to see the work says nothing about the rate
    ...(saeMs > 0 && { tokens_per_second: (1000 * tokens) / saeMs }),
  };
}

/** The figures of an SAE that has not been evaluated. */
export function sizeSummary({ dIn, dSae, bitsPerWeight, fileBytes }: SaeSize): SizeSummary {
  return {
    d_in: dIn,
    d_sae: dSae,
    ...(bitsPerWeight !== undefined && { bits_per_weight: bitsPerWeight }),
    ...(fileBytes !== undefined && { file_bits_per_weight: (8 * fileBytes) / (2 * dIn * dSae), bytes: fileBytes }),
  };
}
