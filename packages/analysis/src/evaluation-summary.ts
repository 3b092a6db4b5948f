/** The figures of one evaluation as they are printed, stored and compared: flat JSON, and one row per level of a hierarchy. */
import type { Metric } from "@qsae/core";
import type { LevelSize, Sae } from "@qsae/runtime";
import type { Evaluation, MetricResults } from "./evaluate.ts";
import { fvu } from "./metrics/fvu.ts";
import { fvuByLevel } from "./metrics/fvu-by-level.ts";
import { l0, type L0Result } from "./metrics/l0.ts";
import { l0ByLevel } from "./metrics/l0-by-level.ts";
import { latentDensity, type LatentDensity } from "./metrics/latent-density.ts";
import { mse } from "./metrics/mse.ts";
import { shrinkage } from "./metrics/shrinkage.ts";

/** The metrics that every evaluation of QSAE reports. */
export type StandardMetrics = {
  readonly fvu: Metric<number>;
  readonly mse: Metric<number>;
  readonly l0: Metric<L0Result>;
  readonly density: Metric<LatentDensity>;
  readonly shrinkage: Metric<number | undefined>;
};

/**
 * A fresh set of the metrics that {@link evaluationSummary} needs.
 *
 * @example
 * const evaluation = await evaluateSae(sae, heldOut, { metrics: standardMetrics() });
 */
export function standardMetrics(): StandardMetrics {
  return { fvu: fvu(), mse: mse(), l0: l0(), density: latentDensity(), shrinkage: shrinkage() };
}

/** What is measured of an SAE of several levels, with the first m of them. */
export type LevelMetrics = {
  readonly fvuByLevel: Metric<readonly number[]>;
  readonly l0ByLevel: Metric<readonly number[]>;
};

/**
 * Metrics for the levels of a hierarchical SAE (nested prefixes, stages): beside the standard ones, {@link evaluationSummary}
 * makes a row per level of them.
 *
 * @example
 * const metrics = { ...standardMetrics(), ...levelMetrics(sae) };
 * const evaluation = await evaluateSae(sae, heldOut, { metrics });
 * evaluation.metrics.fvuByLevel; // [0.31, 0.18, 0.09]
 */
export function levelMetrics(sae: Pick<Sae, "levels" | "levelEnds" | "decode">): LevelMetrics {
  return { fvuByLevel: fvuByLevel(sae), l0ByLevel: l0ByLevel(sae) };
}

/** The figures of an SAE of which only the first levels are used. */
export interface LevelSummary {
  /** Levels used, from 1. */
  readonly levels: number;
  /** Their latents. */
  readonly latents: number;
  readonly fvu: number;
  /** Mean non-zero latents per token among theirs. */
  readonly l0: number;
  /** Of their encoder rows and atoms. */
  readonly bits_per_weight: number;
  /** Of their tensors in a packed file, its header not counted: see `sizeByLevel` of `@qsae/runtime`. */
  readonly bytes: number;
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
  /** Latents that fire on more than a tenth of tokens. */
  readonly dense: number;
  /** Reconstructions divided by this are as good as scaling makes them: below 1 they are too short. Absent where all are zero. */
  readonly shrinkage?: number;
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
  /** With the first 1, 2, ... levels; only of an SAE that has several. */
  readonly by_level?: readonly LevelSummary[];
}

export interface SaeSize {
  readonly dIn: number;
  readonly dSae: number;
  /** From `bitsPerWeight(packed).total`; 32 for float weights. */
  readonly bitsPerWeight?: number;
  /** Size of the file. */
  readonly fileBytes?: number;
  /** From `sizeByLevel(packed)`. */
  readonly byLevel?: readonly LevelSize[];
}

/** The part of an {@link EvaluationSummary} that needs no evaluation. */
export type SizeSummary = Pick<
  EvaluationSummary,
  "d_in" | "d_sae" | "bits_per_weight" | "file_bits_per_weight" | "bytes"
>;

/**
 * Figures of an evaluation made with at least {@link standardMetrics}; with {@link levelMetrics} too and `size.byLevel`, a row
 * per level.
 *
 * @example
 * const evaluation = await evaluateSae(sae, heldOut, { metrics: standardMetrics() });
 * console.log(JSON.stringify(evaluationSummary(evaluation, { dIn: sae.dIn, dSae: sae.dSae, fileBytes: bytes.length })));
 */
export function evaluationSummary(
  { metrics, tokens, saeMs }: Evaluation<StandardMetrics> | Evaluation<StandardMetrics & LevelMetrics>,
  size: SaeSize,
): EvaluationSummary {
  const byLevel = "fvuByLevel" in metrics ? levelSummaries(metrics, size.byLevel ?? []) : [];
  return {
    fvu: metrics.fvu,
    explained_variance: 1 - metrics.fvu,
    mse: metrics.mse,
    l0: metrics.l0.mean,
    dead: metrics.density.dead,
    dense: metrics.density.dense.length,
    ...(metrics.shrinkage !== undefined && { shrinkage: metrics.shrinkage }),
    tokens,
    ...sizeSummary(size),
    // a clock too coarse to see the work says nothing about the rate
    ...(saeMs > 0 && { tokens_per_second: (1000 * tokens) / saeMs }),
    ...(byLevel.length > 1 && { by_level: byLevel }),
  };
}

function levelSummaries(
  { fvuByLevel, l0ByLevel }: MetricResults<LevelMetrics>,
  sizes: readonly LevelSize[],
): readonly LevelSummary[] {
  return sizes.map(({ latents, bitsPerWeight, bytes }, m) => ({
    levels: m + 1,
    latents,
    fvu: fvuByLevel[m]!,
    l0: l0ByLevel[m]!,
    bits_per_weight: bitsPerWeight,
    bytes,
  }));
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
