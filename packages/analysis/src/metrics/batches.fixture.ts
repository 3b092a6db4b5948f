/** Evaluated batches for tests, from plain rows. */
import type { EvaluatedBatch, Metric } from "@qsae/core";
import type { Latents } from "@qsae/runtime";

export interface Token {
  readonly x: readonly number[];
  /** Of every token or of none. */
  readonly target?: readonly number[];
  /** Defaults to `x`: a perfect reconstruction. */
  readonly reconstruction?: readonly number[];
  /** Non-zero latents by index. */
  readonly latents?: Readonly<Record<number, number>>;
}

/** One batch of `tokens`, whose first row is number `firstRow` of the data. */
export function batchOf(tokens: readonly Token[], { dSae = 8, firstRow = 0 } = {}): EvaluatedBatch {
  return {
    n: tokens.length,
    dIn: tokens[0]?.x.length ?? 0,
    x: Float32Array.from(tokens.flatMap((token) => token.x)),
    ...(tokens.some(({ target }) => target) && {
      target: Float32Array.from(tokens.flatMap(({ target = [] }) => target)),
    }),
    reconstruction: Float32Array.from(tokens.flatMap((token) => token.reconstruction ?? token.x)),
    latents: latentsOf(tokens, dSae),
    rows: Int32Array.from(tokens, (_, i) => firstRow + i),
  };
}

/** Evaluates `tokens` in batches that end at `cuts` (and at the end), with a metric that is done when `update` returns. */
export function measure<R>(metric: Metric<R>, tokens: readonly Token[], cuts: readonly number[] = [], dSae = 8): R {
  const run = metric.start({ dIn: tokens[0]?.x.length ?? 0, dSae });
  for (const batch of batchesOf(tokens, cuts, dSae)) {
    if (run.update(batch) instanceof Promise) throw new Error(`${metric.id} updates by promise: use measureByPromise`);
  }
  return run.finish();
}

/** {@link measure} of any metric. */
export async function measureByPromise<R>(
  metric: Metric<R>,
  tokens: readonly Token[],
  cuts: readonly number[] = [],
  dSae = 8,
): Promise<R> {
  const run = metric.start({ dIn: tokens[0]?.x.length ?? 0, dSae });
  for (const batch of batchesOf(tokens, cuts, dSae)) await run.update(batch);
  return run.finish();
}

function* batchesOf(tokens: readonly Token[], cuts: readonly number[], dSae: number): Generator<EvaluatedBatch> {
  let from = 0;
  for (const to of [...new Set(cuts)]
    .filter((cut) => cut < tokens.length)
    .sort((a, b) => a - b)
    .concat(tokens.length)) {
    yield batchOf(tokens.slice(from, to), { dSae, firstRow: from });
    from = to;
  }
}

function latentsOf(tokens: readonly Token[], dSae: number): Latents {
  const offsets = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { latents = {} } of tokens) {
    for (const [index, value] of Object.entries(latents)) {
      indices.push(Number(index));
      values.push(value);
    }
    offsets.push(indices.length);
  }
  return {
    dSae,
    offsets: Int32Array.from(offsets),
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
  };
}
