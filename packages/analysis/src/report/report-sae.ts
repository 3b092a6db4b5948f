/** Everything a report shows about one SAE, collected from its weights and its evaluation. */
import { bitsPerWeight, sizeByLevel, type PackedSae } from "@qsae/runtime";
import type { Evaluation } from "../evaluate.ts";
import { evaluationSummary, sizeSummary, type LevelMetrics, type StandardMetrics } from "../evaluation-summary.ts";
import { atomNorms } from "../weights/atom-norms.ts";
import { codeHistograms } from "../weights/code-histogram.ts";
import { quantizationError } from "../weights/quantization-error.ts";
import type { ReportSae } from "./report-input.ts";

export interface ReportSaeOptions {
  /** For people; a run of the same name shares its colour. */
  readonly name: string;
  readonly packed: PackedSae;
  /** With `levelMetrics`, the report shows what the first levels do. */
  readonly evaluation?: Evaluation<StandardMetrics> | Evaluation<StandardMetrics & LevelMetrics>;
  /** Size of its file. */
  readonly fileBytes?: number;
  /** The float SAE it was quantized from. */
  readonly reference?: PackedSae;
}

/**
 * A {@link ReportSae} with all that can be computed from what is given.
 *
 * @throws UsageError if `reference` has another shape
 * @example
 * const evaluation = await evaluateSae(loadSae(packed), heldOut, { metrics: standardMetrics() });
 * const html = renderReport({ title: "Ternary", createdAt: new Date(), saes: [reportSae({ name: "ternary", packed, evaluation })] });
 */
export function reportSae({ name, packed, evaluation, fileBytes, reference }: ReportSaeOptions): ReportSae {
  const { dIn, stages, description } = packed;
  const dSae = stages.reduce((sum, stage) => sum + stage.dSae, 0);
  const size = {
    dIn,
    dSae,
    bitsPerWeight: bitsPerWeight(packed).total,
    ...(evaluation && "fvuByLevel" in evaluation.metrics && { byLevel: sizeByLevel(packed) }),
    ...(fileBytes !== undefined && { fileBytes }),
  };
  return {
    name,
    summary: evaluation === undefined ? sizeSummary(size) : evaluationSummary(evaluation, size),
    provenance: { variant: description.variant, ...description.provenance },
    ...(evaluation !== undefined && { density: evaluation.metrics.density, l0: evaluation.metrics.l0 }),
    atomNorms: atomNorms(packed),
    codes: codeHistograms(packed),
    ...(reference !== undefined && { quantizationError: quantizationError(packed, reference) }),
  };
}
