/// <reference types="@webgpu/types" />
/** Latents by atom (kernels/latent-buckets.ts), made once for the gradients of decoder and encoder, kept while the indices live. */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded, THREADS } from "./workgroups.ts";

export interface LatentBuckets {
  readonly starts: GPUBuffer;
  readonly entries: GPUBuffer;
  free(): void;
}

export function bucketsOf(storage: WebGpuStorage, indices: TensorInfo, dSae: number): LatentBuckets {
  return storage.companion(indices, () => {
    const [n, k] = indices.shape as [number, number];
    const entries = n * k;
    const at = storage.buffer(indices);
    const starts = storage.acquire(4 * (dSae + 1));
    const sorted = storage.acquire(4 * entries);
    storage.withScratch(4 * dSae, (counts) => {
      storage.clear(counts, 4 * dSae);
      const perEntry = folded(Math.ceil(entries / THREADS));
      const ofEntries = [{ u32: entries }, { u32: perEntry.row }];
      storage.withScratch(4, (unused) =>
        storage.run("count-latents", [at, unused, counts], [...ofEntries, { u32: 0 }], perEntry.workgroups),
      );
      storage.withScratch(4 * dSae, (cursors) =>
        storage.withScratch(4 * entries, (unsorted) => {
          storage.run("starts-of-buckets", [counts, starts, cursors], [{ u32: dSae }], [1]);
          storage.run("fill-buckets", [at, cursors, unsorted], ofEntries, perEntry.workgroups);
          const perLatent = folded(dSae);
          const ofLatents = [{ u32: dSae }, { u32: perLatent.row }];
          storage.run("sort-buckets", [starts, unsorted, sorted], ofLatents, perLatent.workgroups);
        }),
      );
    });
    return {
      starts,
      entries: sorted,
      free: () => {
        storage.release(starts);
        storage.release(sorted);
      },
    };
  });
}
