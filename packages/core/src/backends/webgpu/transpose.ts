/// <reference types="@webgpu/types" />
/** Transposes, of matrices that need not fit one binding either. */
import { partsOf } from "./parts.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";

const TILE = 64;

/** `to [columns, rows]` from `from [rows, columns]`. */
export function transposeInto(
  storage: WebGpuStorage,
  from: GPUBuffer,
  to: GPUBuffer,
  rows: number,
  columns: number,
): void {
  if (rows === 0 || columns === 0) return;
  for (const source of partsOf(rows, 4 * columns, storage.bindingBytes)) {
    for (const target of partsOf(columns, 4 * rows, storage.bindingBytes)) {
      storage.run(
        "transpose",
        [bindPart(from, source, 4 * columns), bindPart(to, target, 4 * rows)],
        [rows, columns, source.first, source.count, target.first, target.count].map((u32) => ({ u32 })),
        [Math.ceil(target.count / TILE), Math.ceil(source.count / TILE)],
      );
    }
  }
}
