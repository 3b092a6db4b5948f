/// <reference types="@webgpu/types" />
/** Sums and products of matrix and vector: kernels/reduce.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { bindFrom } from "./bind-from.ts";
import { ROWS, SLICE } from "./kernels/reduce.ts";
import { partsOf } from "./parts.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { folded, THREADS } from "./workgroups.ts";

/** `factor` times the sum of all numbers of a, or of `a b`, into the first number of `to`. */
export function sumInto(
  storage: WebGpuStorage,
  to: GPUBuffer,
  a: GPUBuffer,
  count: number,
  { b, factor = 1 }: { readonly b?: GPUBuffer; readonly factor?: number } = {},
): void {
  const slices = Math.ceil(count / SLICE);
  const into = (out: GPUBuffer, scale: number): void => {
    for (const part of partsOf(count, 4, storage.bindingBytes, SLICE)) {
      const partSlices = Math.ceil(part.count / SLICE);
      storage.run(
        "slice-sums",
        [bindPart(a, part, 4), bindPart(b ?? a, part, 4), out],
        [
          ...[part.count, partSlices, Math.floor(part.first / SLICE), b ? 1 : 0].map((u32) => ({ u32 })),
          { f32: scale },
        ],
        folded(partSlices),
      );
    }
  };
  if (slices === 1) return into(to, factor);
  storage.withScratch(4 * slices, (sums) => {
    into(sums, 1);
    sumInto(storage, to, sums, slices, { factor });
  });
}

/** `factor` times the sums over the rows of a `[rows, columns]`, into `to [columns]`. */
export function columnSumsInto(
  storage: WebGpuStorage,
  to: GPUBuffer,
  a: GPUBuffer,
  [rows, columns]: readonly [number, number],
  factor = 1,
): void {
  const slices = Math.ceil(rows / ROWS);
  const into = (out: GPUBuffer, scale: number): void => {
    for (const part of partsOf(rows, 4 * columns, storage.bindingBytes)) {
      const partSlices = Math.ceil((part.first + part.count) / ROWS) - Math.floor(part.first / ROWS);
      storage.run(
        "column-sums",
        [bindPart(a, part, 4 * columns), out],
        [...[part.first, part.count, rows, columns].map((u32) => ({ u32 })), { f32: scale }],
        [Math.ceil(columns / THREADS), partSlices],
      );
    }
  };
  if (slices === 1) return into(to, factor);
  storage.withScratch(4 * slices * columns, (sums) => {
    into(sums, 1);
    columnSumsInto(storage, to, sums, [slices, columns], factor);
  });
}

/** a `[rows, columns]` times b `[columns]`: `[rows, 1]`. */
export function timesVector(storage: WebGpuStorage, a: TensorInfo, b: TensorInfo): TensorInfo {
  const [rows, columns] = a.shape as [number, number];
  const out = storage.create([rows, 1]);
  const [from, by, to] = [a, b, out].map((info) => storage.buffer(info)) as [GPUBuffer, GPUBuffer, GPUBuffer];
  if (elementCount(a.shape) === 0) storage.clear(to, 4 * rows);
  else if (rows === 1) sumInto(storage, to, from, columns, { b: by });
  else {
    for (const part of partsOf(rows, 4 * columns, storage.bindingBytes)) {
      const { binding, shift } = bindFrom(to, part.first, part.count);
      storage.run(
        "row-dots",
        [bindPart(from, part, 4 * columns), by, binding],
        [part.count, columns, shift].map((u32) => ({ u32 })),
        folded(part.count),
      );
    }
  }
  return out;
}
