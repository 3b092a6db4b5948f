/** Evaluation of an SAE as it is stored: the weights go through the bytes of the packed file. */
import { evaluateSae, evaluationSummary, levelMetrics, standardMetrics } from "@qsae/analysis";
import type {
  Evaluation,
  EvaluationSummary,
  LevelMetrics,
  MetricResults,
  Metrics,
  StandardMetrics,
} from "@qsae/analysis";
import type { DataSource } from "@qsae/core";
import { bitsPerWeight, encodePackedSae, loadSae, sizeByLevel, type PackedSae, type Sae } from "@qsae/runtime";
import { MOST_LEVELS } from "./levels-table.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** No metrics. */
type None = Readonly<Record<never, never>>;

export interface EvaluateOptions<M extends Metrics = None> {
  readonly terminal: Pick<Terminal, "progress">;
  readonly label: string;
  readonly signal: AbortSignal;
  /** Metrics of the caller's beside those that are always taken, under other names. */
  readonly extra?: M;
}

export interface EvaluatedSae<M extends Metrics = None> {
  /** As it was evaluated. */
  readonly sae: Sae;
  /** With levels, where there are several. */
  readonly evaluation: Evaluation<StandardMetrics> | Evaluation<StandardMetrics & LevelMetrics>;
  readonly summary: EvaluationSummary;
  readonly extra: MetricResults<M>;
}

/**
 * @throws UsageError if SAE and data differ in width
 * @throws NonFiniteError naming file and row where the data are not finite
 */
export async function evaluatePacked<M extends Metrics = None>(
  { packed, bytes }: { readonly packed: PackedSae; readonly bytes: number },
  source: DataSource,
  { terminal, label, signal, extra }: EvaluateOptions<M>,
): Promise<EvaluatedSae<M>> {
  const sae = loadSae(encodePackedSae(packed), label);
  const byLevel = sae.levels > 1 && sae.levels <= MOST_LEVELS;
  const progress = terminal.progress({ label, total: source.tokens });
  try {
    const evaluation = await evaluateSae(sae, source, {
      metrics: { ...standardMetrics(), ...(byLevel && levelMetrics(sae)), ...extra },
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
    return {
      sae,
      evaluation,
      summary: evaluationSummary(evaluation, size),
      extra: evaluation.metrics as unknown as MetricResults<M>,
    };
  } finally {
    progress.stop();
  }
}

/** Small enough that Ctrl-C is noticed within a second. */
const BATCH_SIZE = 1024;
