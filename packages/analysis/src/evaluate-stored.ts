/** Evaluation of an SAE as it is stored: its weights go through the bytes of the packed file, whatever they came from. */
import { saeOnBackend, type DataSource, type RunnableSae, type TensorOps } from "@qsae/core";
import { bitsPerWeight, encodePackedSae, loadSae, QsaeError, sizeByLevel, type PackedSae } from "@qsae/runtime";
import { evaluateSae, type EvaluateOptions, type Evaluation, type MetricResults, type Metrics } from "./evaluate.ts";
import {
  evaluationSummary,
  levelMetrics,
  standardMetrics,
  type EvaluationSummary,
  type LevelMetrics,
  type StandardMetrics,
} from "./evaluation-summary.ts";

export interface StoredSae {
  /** For people, and for errors. */
  readonly name: string;
  readonly packed: PackedSae;
  /** Size of its file. Absent: not known. */
  readonly fileBytes?: number;
}

/** No metrics. */
export type NoMetrics = Readonly<Record<never, never>>;

export interface EvaluateStoredOptions<M extends Metrics = NoMetrics> extends Pick<
  EvaluateOptions<M>,
  "signal" | "onProgress"
> {
  /** Of an open backend: encodes there, many times as fast on large SAEs, with float32 sums. Default: the runtime's interpreter. */
  readonly ops?: TensorOps;
  /** Metrics of the caller's beside those that are always taken, under other names. */
  readonly metrics?: M;
}

/** What is left of an SAE when it has been evaluated: its atoms. */
export type StoredWeights = Omit<RunnableSae, "encode">;

export interface StoredEvaluation<M extends Metrics = NoMetrics> {
  /** As it was evaluated, but for encoding. */
  readonly sae: StoredWeights;
  /** With levels, where there are several. */
  readonly evaluation: Evaluation<StandardMetrics> | Evaluation<StandardMetrics & LevelMetrics>;
  readonly summary: EvaluationSummary;
  /** Of the caller's metrics. */
  readonly extra: MetricResults<M>;
}

/** Small enough that a signal is noticed within a second. */
const BATCH_TOKENS = 1024;

/** Hierarchies have ten or so; a file that claims thousands would be decoded as often. */
const MOST_LEVELS = 64;

/**
 * One pass over the data with {@link standardMetrics}, those of levels where there are 2 to 64, and the caller's.
 *
 * @throws as `evaluateSae`
 * @example
 * const packed = decodePackedSae(bytes, "ternary.qsae.safetensors");
 * const { summary } = await evaluateStored({ name: "ternary", packed, fileBytes: bytes.length }, heldOut);
 * console.log(summary.fvu, summary.l0, summary.bits_per_weight);
 */
export async function evaluateStored<M extends Metrics = NoMetrics>(
  { name, packed, fileBytes }: StoredSae,
  source: DataSource,
  { metrics, ops, ...options }: EvaluateStoredOptions<M> = {},
): Promise<StoredEvaluation<M>> {
  const bytes = encodePackedSae(packed);
  const onBackend = ops && saeOnBackend(ops, bytes, name);
  const sae: RunnableSae = onBackend ?? loadSae(bytes, name);
  const byLevel = sae.levels > 1 && sae.levels <= MOST_LEVELS;
  const evaluation = await evaluateSae(sae, source, {
    metrics: { ...standardMetrics(), ...(byLevel && levelMetrics(sae)), ...metrics },
    batchSize: BATCH_TOKENS,
    ...options,
  })
    .catch((error: unknown) => {
      throw namingFile(error, source);
    })
    .finally(() => onBackend?.dispose());
  const summary = evaluationSummary(evaluation, {
    dIn: sae.dIn,
    dSae: sae.dSae,
    bitsPerWeight: bitsPerWeight(packed).total,
    ...(fileBytes !== undefined && { fileBytes }),
    ...(byLevel && { byLevel: sizeByLevel(packed) }),
  });
  return { sae, evaluation, summary, extra: evaluation.metrics as unknown as MetricResults<M> };
}

/** What makes a metric undefined is the data, of which it does not know where they come from. */
function namingFile(error: unknown, { provenance }: DataSource): unknown {
  const file = provenance["file"];
  const isOfMetric = error instanceof QsaeError && error.constructor === QsaeError;
  return isOfMetric && file !== undefined ? new QsaeError(`${file}: ${error.message}`, { cause: error }) : error;
}
