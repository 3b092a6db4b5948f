/** Metrics and reports for sparse autoencoders. */
export { analyzeReference, analyzeSae, type AnalyzeSaeOptions } from "./analyze-sae.ts";
export {
  ceRecovered,
  ceRecoveredByEach,
  type CeRecovered,
  type CeRecoveredOptions,
  type SplicedSae,
} from "./ce-recovered.ts";
export type { CosineOptions } from "./cosine/cosine-blocks.ts";
export {
  cosinesBetween,
  type AtomsFound,
  type CosinesBetween,
  type CosinesBetweenOptions,
} from "./cosine/cosines-between.ts";
export { cosinesWithin, type CosinesWithin, type CosinesWithinOptions } from "./cosine/cosines-within.ts";
export type { AtomMatch } from "./cosine/greedy-match.ts";
export { NO_ATOM, type NearestAtoms } from "./cosine/nearest-atoms.ts";
export type { AtomSource } from "./cosine/unit-atoms.ts";
export {
  evaluateSae,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationProgress,
  type MetricResults,
  type Metrics,
} from "./evaluate.ts";
export {
  evaluationSummary,
  levelMetrics,
  standardMetrics,
  type EvaluationSummary,
  type LevelMetrics,
  type LevelSummary,
  type SaeSize,
  type StandardMetrics,
} from "./evaluation-summary.ts";
export {
  evaluateStored,
  type EvaluateStoredOptions,
  type NoMetrics,
  type StoredEvaluation,
  type StoredSae,
  type StoredWeights,
} from "./evaluate-stored.ts";
export type { Histogram } from "./histogram.ts";
export { largestValues } from "./latents/largest-values.ts";
export { latentContexts, type LatentContexts, type LatentContextsOptions } from "./latents/latent-contexts.ts";
export type { LatentNeighbours, LatentRecords, LatentTable } from "./latents/latent-table.ts";
export { fvu } from "./metrics/fvu.ts";
export { fvuByLevel } from "./metrics/fvu-by-level.ts";
export { l0, type L0Result } from "./metrics/l0.ts";
export { l0ByLevel } from "./metrics/l0-by-level.ts";
export { latentDensity, type LatentDensity, type LatentDensityOptions } from "./metrics/latent-density.ts";
export { latentPower, type LatentPower } from "./metrics/latent-power.ts";
export { mse } from "./metrics/mse.ts";
export { outputError } from "./metrics/output-error.ts";
export { shrinkage } from "./metrics/shrinkage.ts";
export {
  evaluateReference,
  type EvaluatedReference,
  type EvaluateReferenceOptions,
} from "./reference/evaluate-reference.ts";
export type { KeptBatch, KeptLatentsOptions } from "./reference/kept-latents.ts";
export type { ReferenceAnalysis } from "./reference/reference-analysis.ts";
export { renderReport } from "./report/render-report.ts";
export { reportCharts, type ReportChart } from "./report/report-charts.ts";
export type {
  MeasuredSummary,
  ReportInput,
  ReportRun,
  ReportSae,
  ReportStep,
  RoundedSae,
} from "./report/report-input.ts";
export { reportJson, type Json } from "./report/report-json.ts";
export { reportSae, type ReportSaeOptions } from "./report/report-sae.ts";
export { coactivation, type Coactivation, type CoactivationOptions } from "./sparsity/coactivation.ts";
export type { JaccardAmong } from "./sparsity/jaccard-among.ts";
export { l0Quantiles, type L0Quantiles } from "./sparsity/l0-quantiles.ts";
export type { LatentPair } from "./sparsity/ranked-pairs.ts";
export { supportOverlapWith, type SupportOverlapResult } from "./sparsity/support-overlap-with.ts";
export { topTokens, type TopTokens, type TopTokensOptions } from "./sparsity/top-tokens.ts";
export { atomNorms } from "./weights/atom-norms.ts";
export { codeHistograms, type CodeHistogram } from "./weights/code-histogram.ts";
export { quantizationError } from "./weights/quantization-error.ts";
export { predictedFvuIncrease, type PredictedFvuIncrease } from "./weights/predicted-fvu.ts";
export type { WeightError } from "./weights/weight-error.ts";
export {
  haveComparableWeights,
  weightErrors,
  type BitsErrors,
  type ComparedWeights,
  type MatrixErrors,
  type WorstWeight,
} from "./weights/weight-errors.ts";
