/// <reference types="@webgpu/types" />
/** Which numbers of a batch are its largest: kernels/largest.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { BLOCK } from "./kernels/largest.ts";
import { partsOf, type Part } from "./parts.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { folded } from "./workgroups.ts";

const blocksOf = ({ count }: Part): number => Math.ceil(count / BLOCK);

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
  const parts = partsOf(count, 4, storage.bindingBytes, BLOCK);
  storage.withScratch(16, (state) => {
    storage.clear(state, 16);
    storage.withScratch(4 * 256, (digits) => {
      for (const shift of [24, 16, 8, 0]) {
        storage.clear(digits, 4 * 256);
        for (const part of parts) {
          const parameters = [{ u32: part.count }, { u32: shift }];
          storage.run("count-digits", [bindPart(from, part, 4), state, digits], parameters, folded(blocksOf(part)));
        }
        storage.run("choose-digit", [digits, state], [{ u32: shift }, { u32: needed }], [1]);
      }
    });
    const sizes = (part: Part) => [part.count, Math.floor(part.first / BLOCK), blocksOf(part)].map((u32) => ({ u32 }));
    storage.withScratch(4 * blocks, (ties) =>
      storage.withScratch(4 * (blocks + 1), (before) =>
        storage.withScratch(4 * blocks, (unused) => {
          for (const part of parts) {
            storage.run("count-ties", [bindPart(from, part, 4), state, ties], sizes(part), folded(blocksOf(part)));
          }
          storage.run("starts-of-buckets", [ties, before, unused], [{ u32: blocks }], [1]);
          for (const part of parts) {
            const bindings = [bindPart(from, part, 4), state, before, bindPart(to, part, 4)];
            storage.run("mask-largest", bindings, sizes(part), folded(blocksOf(part)));
          }
        }),
      ),
    );
  });
  return out;
}
