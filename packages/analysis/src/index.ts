/** Metrics and reports for sparse autoencoders. */
export { ceRecovered, type CeRecovered, type CeRecoveredOptions } from "./ce-recovered.ts";
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
export type { Histogram } from "./histogram.ts";
export { fvu } from "./metrics/fvu.ts";
export { fvuByLevel } from "./metrics/fvu-by-level.ts";
export { l0, type L0Result } from "./metrics/l0.ts";
export { l0ByLevel } from "./metrics/l0-by-level.ts";
export { latentDensity, type LatentDensity, type LatentDensityOptions } from "./metrics/latent-density.ts";
export { mse } from "./metrics/mse.ts";
export { shrinkage } from "./metrics/shrinkage.ts";
export { renderReport } from "./report/render-report.ts";
export type { ReportInput, ReportRun, ReportSae, ReportStep } from "./report/report-input.ts";
export { reportSae, type ReportSaeOptions } from "./report/report-sae.ts";
export { atomNorms } from "./weights/atom-norms.ts";
export { codeHistograms, type CodeHistogram } from "./weights/code-histogram.ts";
export { quantizationError } from "./weights/quantization-error.ts";
