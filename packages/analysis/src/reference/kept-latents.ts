/** The latents of a pass, kept so that later passes over the same data need not encode again. */
import { UsageError, type Latents } from "@qsae/runtime";
import type { Metric } from "@qsae/core";

export interface KeptLatentsOptions {
  /** Latents kept, 8 bytes each. Default 2^24: 128 MB, half a million tokens of 32 latents. */
  readonly maxFirings?: number;
}

export interface KeptBatch {
  /** `[n]` row numbers in the source. */
  readonly rows: Int32Array;
  readonly latents: Latents;
}

/**
 * The batches of the pass, in order: the first, and those after it for which `maxFirings` is enough.
 *
 * @throws UsageError if `maxFirings` is not a positive integer
 */
export function keptLatents({ maxFirings = 2 ** 24 }: KeptLatentsOptions = {}): Metric<readonly KeptBatch[]> {
  if (!Number.isInteger(maxFirings) || maxFirings < 1) {
    throw new UsageError(`keptLatents: maxFirings=${maxFirings} is not a positive integer`);
  }
  return {
    id: "kept_latents",
    start() {
      const batches: KeptBatch[] = [];
      let firings = 0;
      return {
        update({ rows, latents }) {
          firings += latents.indices.length;
          if (batches.length > 0 && firings > maxFirings) return;
          batches.push({ rows: rows.slice(), latents: copyOf(latents) });
        },
        finish: () => batches,
      };
    },
  };
}

/** Whoever made a batch may use its memory again. */
function copyOf({ dSae, offsets, indices, values }: Latents): Latents {
  return { dSae, offsets: offsets.slice(), indices: indices.slice(), values: values.slice() };
}
