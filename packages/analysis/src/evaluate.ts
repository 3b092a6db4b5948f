/** Runs an SAE over a data set once and feeds every metric from the same pass. */
import { NonFiniteError, UsageError } from "@qsae/runtime";
import type { DataSource, Metric, MetricRun, RunnableSae } from "@qsae/core";

/** Metrics by a name of the caller's choice. */
export type Metrics = Readonly<Record<string, Metric<unknown>>>;

/** What each metric of `M` returned, under the same names. */
export type MetricResults<M extends Metrics> = {
  readonly [K in keyof M]: M[K] extends Metric<infer R> ? R : never;
};

export interface EvaluateOptions<M extends Metrics> {
  readonly metrics: M;
  /** Tokens per batch. Results do not depend on it beyond rounding in float64. Default 4096. */
  readonly batchSize?: number;
  /** Stops the pass before the next batch; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after every batch. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

export interface EvaluationProgress {
  /** Tokens evaluated so far. */
  readonly tokens: number;
  readonly totalTokens: number;
  /** Since the pass began. */
  readonly elapsedMs: number;
}

export interface Evaluation<M extends Metrics> {
  readonly metrics: MetricResults<M>;
  /** Tokens evaluated. */
  readonly tokens: number;
  /** Time in `encode` and `decode` alone: reading data and computing metrics are not counted. */
  readonly saeMs: number;
}

/**
 * Evaluates `sae` on every token of `source`, in file order: against the batches' `target` where they have one (transcoders,
 * see `pairedSource`), else against what was encoded. The caller keeps and closes the source, and an SAE on a backend.
 *
 * @throws UsageError if the widths of SAE and data differ, there are fewer than 2 tokens, or `batchSize` is not a positive
 * integer
 * @throws NonFiniteError naming the row where the data or a reconstruction is NaN or infinite
 * @example
 * const { metrics, tokens } = await evaluateSae(loadSae(bytes), heldOut, { metrics: { fvu: fvu(), l0: l0() } });
 * console.log(metrics.fvu, metrics.l0.mean, tokens);
 * @example
 * const { ops } = await openBackend("auto");
 * const fast = saeOnBackend(ops, bytes); // for wide dictionaries
 * await evaluateSae(fast, heldOut, { metrics: standardMetrics() });
 * fast.dispose();
 */
export async function evaluateSae<M extends Metrics>(
  sae: Pick<RunnableSae, "dIn" | "dSae" | "encode" | "decode">,
  source: DataSource,
  { metrics, batchSize = 4096, signal, onProgress }: EvaluateOptions<M>,
): Promise<Evaluation<M>> {
  requireEvaluable(sae.dIn, source, batchSize);
  const shape = { dIn: sae.dIn, dSae: sae.dSae };
  const runs = new Map<keyof M, MetricRun<unknown>>(
    Object.entries(metrics).map(([name, metric]) => [name, metric.start(shape)]),
  );
  const startedMs = performance.now();
  let tokens = 0;
  let saeMs = 0;

  signal?.throwIfAborted();
  for await (const { x, target, n, rows } of source.batches({ batchSize })) {
    requireSameShape(x, target, source);
    const beganMs = performance.now();
    const { latents, reconstruction } = await inRows(rows, async () => {
      const latents = await sae.encode(x);
      return { latents, reconstruction: sae.decode(latents, { x }) }; // [n, d_in]
    });
    saeMs += performance.now() - beganMs;
    const batch = { n, dIn: sae.dIn, x, ...(target && { target }), reconstruction, latents, rows };
    for (const run of runs.values()) await run.update(batch);
    tokens += n;
    onProgress?.({ tokens, totalTokens: source.tokens, elapsedMs: performance.now() - startedMs });
    signal?.throwIfAborted();
  }

  requireTwoTokens(tokens, source);
  const results = Object.fromEntries([...runs].map(([name, run]) => [name, run.finish()])) as MetricResults<M>;
  return { metrics: results, tokens, saeMs };
}

function requireEvaluable(dIn: number, source: DataSource, batchSize: number): void {
  if (source.dIn !== dIn) {
    throw new UsageError(
      `evaluateSae: the SAE reads activations of width d_in=${dIn}, but the data${origin(source)} have width ` +
        `${source.dIn}; evaluate on activations of the model and layer the SAE was trained on`,
    );
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new UsageError(`evaluateSae: batchSize=${batchSize} is not a positive integer`);
  }
  requireTwoTokens(source.tokens, source);
}

function requireSameShape(x: Float32Array, target: Float32Array | undefined, source: DataSource): void {
  if (target === undefined || target.length === x.length) return;
  throw new UsageError(
    `evaluateSae: a batch of the data${origin(source)} has ${x.length} values to encode, but ${target.length} to ` +
      "reconstruct; inputs and targets must have one width",
  );
}

function requireTwoTokens(tokens: number, source: DataSource): void {
  if (tokens >= 2) return;
  throw new UsageError(`evaluateSae: the data${origin(source)} have ${tokens} tokens; FVU needs at least 2`);
}

/** Runs the SAE on one batch; rows in its errors count from the batch's start, so this says where that is. */
async function inRows<T>(rows: Int32Array, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new NonFiniteError(
      `evaluateSae: in the batch that begins at row ${rows[0] ?? 0} of the data: ${error.message}`,
    );
  }
}

function origin({ provenance }: DataSource): string {
  const parts = Object.entries(provenance).map(([key, value]) => `${key}: ${value}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
