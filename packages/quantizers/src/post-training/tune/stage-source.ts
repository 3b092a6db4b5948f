import type { PackedSae } from "@qsae/runtime";
import type { Batch, BatchOptions, DataSource } from "@qsae/core";
import { inStageSpace } from "../stage-space.ts";

/** The source's activations as the SAE's stage sees them: scaled and rotated. Closing it closes the source. */
export function stageSource(sae: PackedSae, source: DataSource): DataSource {
  if (sae.rotation === undefined && (sae.inputScale ?? 1) === 1) return source;
  return { ...source, batches: (options) => movedBatches(sae, source, options), close: () => source.close() };
}

async function* movedBatches(sae: PackedSae, source: DataSource, options: BatchOptions): AsyncGenerator<Batch> {
  for await (const batch of source.batches(options)) {
    const { x, target, n, rows } = batch;
    const moved = (values: Float32Array): Float32Array => Float32Array.from(inStageSpace(sae, values, n, rows));
    yield { ...batch, x: moved(x), ...(target ? { target: moved(target) } : {}) };
  }
}
