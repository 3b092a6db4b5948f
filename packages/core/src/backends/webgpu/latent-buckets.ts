/// <reference types="@webgpu/types" />
/** Latents by atom (kernels/latent-buckets.ts), made once for the gradients of decoder and encoder, kept while the indices live. */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Companion } from "./companions.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded, threadsFor } from "./workgroups.ts";

export interface LatentBuckets extends Companion {
  /** `[d_sae + 1]` */
  readonly starts: GPUBuffer;
  /** `[n k]` */
  readonly entries: GPUBuffer;
}

export function bucketsOf(storage: WebGpuStorage, indices: TensorInfo, dSae: number): LatentBuckets {
  const [n, k] = indices.shape as [number, number];
  return storage.companion(indices, `buckets of ${dSae}, ${k} per token`, () => {
    const count = n * k;
    const at = storage.buffer(indices);
    const starts = storage.acquire(4 * (dSae + 1));
    const entries = storage.acquire(4 * count);
    storage.withScratch(4 * dSae, (counts) => {
      countEntries(storage, counts, dSae, at, count);
      storage.withScratch(4 * dSae, (cursors) =>
        storage.withScratch(4 * count, (unsorted) => {
          storage.run("starts-of-buckets", [counts, starts, cursors], [{ u32: dSae }], [1]);
          storage.run("fill-buckets", [at, cursors, unsorted], [{ u32: count }], threadsFor(count));
          const sizes = [dSae, n, k].map((u32) => ({ u32 }));
          storage.run("sort-buckets", [starts, unsorted, entries], sizes, folded(dSae));
        }),
      );
    });
    const free = (): void => {
      storage.release(starts);
      storage.release(entries);
    };
    return { starts, entries, bytes: starts.size + entries.size, free };
  });
}

/** `counts [d_sae]`: how many entries each latent has; with `values`, how many that are not 0. */
export function countEntries(
  storage: WebGpuStorage,
  counts: GPUBuffer,
  dSae: number,
  indices: GPUBuffer,
  count: number,
  values?: GPUBuffer,
): void {
  storage.clear(counts, 4 * dSae);
  const parameters = [{ u32: count }, { u32: values ? 1 : 0 }];
  storage.run("count-latents", [indices, values ?? indices, counts], parameters, threadsFor(count));
}
