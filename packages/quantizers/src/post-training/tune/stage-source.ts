import { toStageSpace, type PackedSae } from "@qsae/runtime";
import type { Batch, BatchOptions, DataSource } from "@qsae/core";

/** The source's activations as the SAE's stage sees them: scaled and rotated. Closing it closes the source. */
export function stageSource(sae: PackedSae, source: DataSource): DataSource {
  if (sae.rotation === undefined && (sae.inputScale ?? 1) === 1) return source;
  return { ...source, batches: (options) => inStageSpace(sae, source, options), close: () => source.close() };
}

async function* inStageSpace(sae: PackedSae, source: DataSource, options: BatchOptions): AsyncGenerator<Batch> {
  const { dIn } = sae;
  const space = { dIn, inputScale: sae.inputScale ?? 1, signs: sae.rotation?.signs };
  let buffer = new Float64Array(0);
  const moved = (x: Float32Array, n: number): Float32Array => {
    if (buffer.length !== n * dIn) buffer = new Float64Array(n * dIn);
    toStageSpace(space, x, 0, n, buffer);
    return Float32Array.from(buffer);
  };
  for await (const batch of source.batches(options)) {
    const { x, target, n } = batch;
    yield { ...batch, x: moved(x, n), ...(target ? { target: moved(target, n) } : {}) };
  }
}
