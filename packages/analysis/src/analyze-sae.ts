/**
 * The full analysis of one SAE: one pass over the data, then its atoms and weights. What a report shows of it, and what JSON
 * says.
 */
import type { DataSource, TensorOps, TokenTexts } from "@qsae/core";
import { cosinesWithin, type CosinesWithin } from "./cosine/cosines-within.ts";
import type { EvaluationProgress, MetricResults, Metrics } from "./evaluate.ts";
import { evaluateStored, type StoredEvaluation, type StoredSae } from "./evaluate-stored.ts";
import { latentRecordMetrics, latentRecords, type LatentRecordMetrics } from "./latents/latent-records.ts";
import type { LatentTable } from "./latents/latent-table.ts";
import { noMetric } from "./metrics/no-metric.ts";
import { againstReference, hasLatentsOf } from "./reference/against-reference.ts";
import { analyzeAgainst } from "./reference/analyze-against.ts";
import { referenceMetrics, referenceOf, type EvaluatedReference } from "./reference/evaluate-reference.ts";
import type { ReportSae } from "./report/report-input.ts";
import { reportSae } from "./report/report-sae.ts";
import { coactivation } from "./sparsity/coactivation.ts";
import { haveComparableWeights } from "./weights/weight-errors.ts";

export interface AnalyzeSaeOptions {
  /** What it is compared with, evaluated on the same data: {@link evaluateReference}. Absent: with nothing. */
  readonly reference?: EvaluatedReference;
  /** The tokens of the data, row for row: the contexts in which latents fire strongest. Absent: without contexts. */
  readonly texts?: TokenTexts;
  /** Stops before the next batch or block of atoms; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Of the pass over the data, after every batch. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/** Pairs per list: what a person reads. */
const TOP_PAIRS = 20;

/** Atoms most like each atom. */
const NEIGHBOURS = 5;

/** 64 MB, and seconds of counting even where thousands of latents fire on a token; beyond, a sample of tokens is counted. */
const MOST_FIRINGS = 2 ** 23;

/**
 * Analyses an SAE as it is stored: summary, density, L0, coactivation, cosines of its atoms, codes, norms; with a reference,
 * what became of that one. The caller keeps and closes backend and source.
 *
 * @param ops of an open backend, on which the SAE encodes and atoms are compared
 * @throws UsageError if the widths of SAE, data and reference differ, or there are fewer than 2 tokens; QsaeError if all tokens
 * are the same; NonFiniteError naming what is NaN or infinite
 * @example
 * const backend = await openBackend("auto");
 * const reference = await evaluateReference({ name: "float", packed: float }, heldOut);
 * const sae = await analyzeSae(backend.ops, { name: "int4", packed: int4 }, heldOut, { reference });
 * const page = renderReport({ title: "4 bits", createdAt: new Date(), saes: [sae] });
 */
export async function analyzeSae(
  ops: TensorOps,
  stored: StoredSae,
  source: DataSource,
  options: AnalyzeSaeOptions = {},
): Promise<ReportSae> {
  return (await analyzed(ops, stored, source, options, {})).report;
}

/**
 * Analyses an SAE and makes it the reference of others, in one pass over the data. Throws as {@link analyzeSae}.
 *
 * @example
 * const { report, reference } = await analyzeReference(backend.ops, { name: "float", packed: float }, heldOut);
 * const saes = [report, await analyzeSae(backend.ops, { name: "int4", packed: int4 }, heldOut, { reference })];
 */
export async function analyzeReference(
  ops: TensorOps,
  stored: StoredSae,
  source: DataSource,
  options: Omit<AnalyzeSaeOptions, "reference"> = {},
): Promise<{ readonly report: ReportSae; readonly reference: EvaluatedReference }> {
  const { report, evaluated } = await analyzed(ops, stored, source, options, referenceMetrics());
  return { report, reference: referenceOf(stored, evaluated) };
}

/** @param metrics of the caller's, taken in the same pass */
async function analyzed<M extends Metrics>(
  ops: TensorOps,
  stored: StoredSae,
  source: DataSource,
  { reference, texts, signal, onProgress }: AnalyzeSaeOptions,
  metrics: M,
): Promise<{ readonly report: ReportSae; readonly evaluated: StoredEvaluation<M & LatentRecordMetrics> }> {
  const { packed } = stored;
  const own = {
    coactivation: coactivation({ topPairs: TOP_PAIRS, maxFirings: MOST_FIRINGS }),
    against: reference === undefined ? noMetric : againstReference(reference),
    ...latentRecordMetrics(texts),
  };
  const evaluated = await evaluateStored<M & typeof own>(stored, source, {
    metrics: { ...metrics, ...own },
    ops,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const { against, coactivation: together, ...records } = evaluated.extra as MetricResults<typeof own>;
  const cosines = await cosinesWithin(ops, evaluated.sae, { neighbours: NEIGHBOURS, ...(signal && { signal }) });
  const isComparable = reference !== undefined && haveComparableWeights(packed, reference.packed);
  const report = {
    ...reportSae({
      ...stored,
      evaluation: evaluated.evaluation,
      ...(isComparable && { reference: reference.packed }),
    }),
    coactivation: together,
    cosines,
    latents: latentTable(evaluated, records, cosines, reference),
    ...(reference &&
      against && { reference: await analyzeAgainst(ops, packed, evaluated, against, reference, signal) }),
  };
  return { report, evaluated };
}

function latentTable(
  { sae, evaluation }: Pick<StoredEvaluation, "sae" | "evaluation">,
  records: MetricResults<LatentRecordMetrics>,
  { neighbours }: CosinesWithin,
  reference: EvaluatedReference | undefined,
): LatentTable {
  return {
    ...latentRecords(evaluation.metrics.density, records),
    neighbours: neighbours!,
    ...(reference && hasLatentsOf(sae, reference.sae) && { reference: { name: reference.name, ...reference.records } }),
  };
}
