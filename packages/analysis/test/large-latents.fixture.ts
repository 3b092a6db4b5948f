/** A table of as many latents as large SAEs have, from synthetic firings; everything about it is as random as it can be. */
import { latentContexts, largestValues, type LatentTable } from "@qsae/analysis";
import { seededRandom } from "@qsae/core";

export interface LargeOptions {
  readonly dSae: number;
  readonly rows: number;
  readonly k: number;
}

const BATCH_ROWS = 4096;
const VOCABULARY = 8000;

export function largeTable({ dSae, rows, k }: LargeOptions): LatentTable {
  const random = seededRandom(1);
  const below = (n: number): number => Math.floor(n * random());
  const texts = {
    pieces: Array.from({ length: VOCABULARY }, (_, piece) => ` ${piece.toString(36)}`),
    tokens: Int32Array.from({ length: rows }, () => below(VOCABULARY)),
    rowsPerWindow: 127,
  };
  const metrics = [latentContexts({ texts }), largestValues()] as const;
  const [contexts, largest] = [metrics[0].start({ dIn: 1, dSae }), metrics[1].start({ dIn: 1, dSae })];
  const counts = new Float64Array(dSae);
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - first);
    const indices = Int32Array.from({ length: n * k }, () => below(dSae));
    for (let i = 0; i < n; i++) indices.subarray(i * k, (i + 1) * k).sort();
    for (const latent of indices) counts[latent]! += 1;
    const latents = {
      dSae,
      offsets: Int32Array.from({ length: n + 1 }, (_, i) => i * k),
      indices,
      values: Float32Array.from(indices, () => 1 + random()),
    };
    const none = new Float32Array();
    const batch = {
      n,
      dIn: 1,
      x: none,
      reconstruction: none,
      latents,
      rows: Int32Array.from({ length: n }, (_, i) => first + i),
    };
    void contexts.update(batch);
    void largest.update(batch);
  }
  return {
    tokens: rows,
    counts,
    largest: largest.finish(),
    contexts: contexts.finish(),
    neighbours: {
      perLatent: 5,
      latents: Int32Array.from({ length: 5 * dSae }, () => below(dSae)),
      cosines: Float32Array.from({ length: 5 * dSae }, () => random()),
    },
  };
}
