/** Everything `qsae analyze` finds out about one SAE: one pass over the data, then its atoms and weights. */
import { haveComparableWeights, reportSae, type ReportSae } from "@qsae/analysis";
import type { DataSource, TensorOps } from "@qsae/core";
import { evaluatePacked, type EvaluateOptions } from "../evaluation/evaluate-packed.ts";
import type { OpenedSae } from "../open-sae.ts";
import type { AnalyzedSae } from "./analyses-table.ts";
import { analyzeLatents, latentMetrics } from "./latent-analysis.ts";
import { analyzeAgainst, referenceMetrics, type Reference } from "./reference-analysis.ts";

/**
 * @param reference what it is compared with, if anything
 * @param options its label names the SAE
 */
export async function analyzeSae(
  ops: TensorOps,
  { packed, bytes }: OpenedSae,
  source: DataSource,
  reference: Reference | undefined,
  options: Omit<EvaluateOptions, "extra">,
): Promise<{ readonly report: ReportSae; readonly analysis: AnalyzedSae }> {
  const { label: name, signal } = options;
  const extra = { ...latentMetrics(), ...(reference && referenceMetrics(packed, reference)) };
  const evaluated = await evaluatePacked({ packed, bytes }, source, { ...options, extra });
  const analysis = {
    name,
    ...(await analyzeLatents(ops, evaluated, signal)),
    ...(reference && {
      reference: await analyzeAgainst(ops, packed, evaluated, evaluated.extra.support, reference, signal),
    }),
  };
  const float = reference && haveComparableWeights(packed, reference.packed) ? reference.packed : undefined;
  const report = reportSae({
    name,
    packed,
    evaluation: evaluated.evaluation,
    fileBytes: bytes,
    ...(float && { reference: float }),
  });
  return { report, analysis };
}
