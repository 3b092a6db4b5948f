/** Activations that are already in memory, as a {@link DataSource}: for pages, tests and small experiments. */
import { NonFiniteError, UsageError } from "@qsae/runtime";
import type { Batch, BatchOptions, DataSource } from "./contracts/data-source.ts";
import { mixSeeds, permutation } from "./random.ts";

/**
 * A source over x `[tokens, d_in]` row-major. The array is not copied.
 *
 * @throws UsageError if x is not a whole number of rows; NonFiniteError, when read, naming the row of a NaN or Inf
 * @example
 * const source = arraySource(new Float32Array(1000 * 64), 64);
 */
export function arraySource(
  x: Float32Array,
  dIn: number,
  provenance: Readonly<Record<string, string>> = {},
): DataSource {
  if (!Number.isInteger(dIn) || dIn < 1 || x.length % dIn !== 0) {
    throw new UsageError(`arraySource: ${x.length} values are not a whole number of rows of d_in=${dIn}`);
  }
  const tokens = x.length / dIn;
  const row = (i: number): Float32Array => {
    const values = x.subarray(i * dIn, (i + 1) * dIn);
    if (!values.every(Number.isFinite)) throw new NonFiniteError(`arraySource: row ${i} holds NaN or Inf; remove it`);
    return values;
  };
  async function* batches({ batchSize, seed, epoch = 0, skipBatches = 0 }: BatchOptions): AsyncGenerator<Batch> {
    const order =
      seed === undefined
        ? Int32Array.from({ length: tokens }, (_, i) => i)
        : permutation(tokens, mixSeeds(seed, epoch));
    for (let start = skipBatches * batchSize; start < tokens; start += batchSize) {
      const rows = order.subarray(start, Math.min(start + batchSize, tokens));
      const batch = new Float32Array(rows.length * dIn);
      rows.forEach((from, to) => batch.set(row(from), to * dIn));
      yield await Promise.resolve({ x: batch, n: rows.length, rows });
    }
  }
  return { dIn, tokens, provenance, batches, close: () => Promise.resolve() };
}
