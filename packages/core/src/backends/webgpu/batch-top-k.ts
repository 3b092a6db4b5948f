/// <reference types="@webgpu/types" />
/** Which numbers of a batch are its largest: kernels/largest.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { BLOCK } from "./kernels/largest.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded } from "./workgroups.ts";

/** 1 for the `needed` largest, ties to the first in reading order, else 0; of the shape of `values`. */
export function batchTopKMask(storage: WebGpuStorage, values: TensorInfo, needed: number): TensorInfo {
  const count = elementCount(values.shape);
  const out = storage.create(values.shape);
  if (count === 0) return out;
  const [from, to] = [storage.buffer(values), storage.buffer(out)];
  if (needed === 0) {
    storage.clear(to, 4 * count);
    return out;
  }
  const blocks = Math.ceil(count / BLOCK);
  storage.withScratch(16, (state) => {
    storage.clear(state, 16);
    storage.withScratch(4 * 256, (digits) => {
      for (const shift of [24, 16, 8, 0]) {
        storage.clear(digits, 4 * 256);
        storage.run("count-digits", [from, state, digits], [{ u32: count }, { u32: shift }], folded(blocks));
        storage.run("choose-digit", [digits, state], [{ u32: shift }, { u32: needed }], [1]);
      }
    });
    const sizes = [{ u32: count }, { u32: blocks }];
    storage.withScratch(4 * blocks, (ties) =>
      storage.withScratch(4 * (blocks + 1), (before) =>
        storage.withScratch(4 * blocks, (unused) => {
          storage.run("count-ties", [from, state, ties], sizes, folded(blocks));
          storage.run("starts-of-buckets", [ties, before, unused], [{ u32: blocks }], [1]);
          storage.run("mask-largest", [from, state, before, to], sizes, folded(blocks));
        }),
      ),
    );
  });
  return out;
}
