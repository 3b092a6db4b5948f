import type { BatchOptions, DataSource } from "@qsae/core";

/** A whole pass, copied out of its batches. */
export async function collect(
  source: DataSource,
  options: BatchOptions,
): Promise<{ readonly x: number[]; readonly rows: number[]; readonly sizes: number[] }> {
  const x: number[] = [];
  const rows: number[] = [];
  const sizes: number[] = [];
  for await (const batch of source.batches(options)) {
    x.push(...batch.x);
    rows.push(...batch.rows);
    sizes.push(batch.n);
  }
  return { x, rows, sizes };
}
