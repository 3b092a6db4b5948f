/** Evaluation of an SAE as it is stored: the weights go through the bytes of the packed file. */
import { evaluateSae, evaluationSummary, levelMetrics, standardMetrics } from "@qsae/analysis";
import type { Evaluation, EvaluationSummary, LevelMetrics, StandardMetrics } from "@qsae/analysis";
import type { DataSource } from "@qsae/core";
import { bitsPerWeight, encodePackedSae, loadSae, sizeByLevel, type PackedSae } from "@qsae/runtime";
import { MOST_LEVELS } from "./levels-table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface EvaluateOptions {
  readonly terminal: Pick<Terminal, "progress">;
  readonly label: string;
  readonly signal: AbortSignal;
}

export interface EvaluatedSae {
  /** With levels, where there are several. */
  readonly evaluation: Evaluation<StandardMetrics> | Evaluation<StandardMetrics & LevelMetrics>;
  readonly summary: EvaluationSummary;
}

/**
 * @throws UsageError if SAE and data differ in width
 * @throws NonFiniteError naming file and row where the data are not finite
 */
export async function evaluatePacked(
  { packed, bytes }: { readonly packed: PackedSae; readonly bytes: number },
  source: DataSource,
  { terminal, label, signal }: EvaluateOptions,
): Promise<EvaluatedSae> {
  const sae = loadSae(encodePackedSae(packed), label);
  const byLevel = sae.levels > 1 && sae.levels <= MOST_LEVELS;
  const progress = terminal.progress({ label, total: source.tokens });
  try {
    const evaluation = await evaluateSae(sae, source, {
      metrics: byLevel ? { ...standardMetrics(), ...levelMetrics(sae) } : standardMetrics(),
      batchSize: BATCH_SIZE,
      signal,
      onProgress: ({ tokens }) => progress.update(tokens),
    });
    const size = {
      dIn: sae.dIn,
      dSae: sae.dSae,
      bitsPerWeight: bitsPerWeight(packed).total,
      fileBytes: bytes,
      ...(byLevel && { byLevel: sizeByLevel(packed) }),
    };
    return { evaluation, summary: evaluationSummary(evaluation, size) };
  } finally {
    progress.stop();
  }
}

/** Small enough that Ctrl-C is noticed within a second. */
const BATCH_SIZE = 1024;
