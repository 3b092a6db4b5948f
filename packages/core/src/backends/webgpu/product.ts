/// <reference types="@webgpu/types" />
/** Products of matrices of which one cannot be bound whole, as they are or transposed: kernels/product.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { bindFrom } from "./bind-from.ts";
import { TILE } from "./kernels/product.ts";
import { looseParts, type Part } from "./parts.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";

interface Factor {
  readonly info: TensorInfo;
  readonly transposed: boolean;
}

/** a b, each transposed first where it says so. */
export function product(storage: WebGpuStorage, a: Factor, b: Factor): TensorInfo {
  const [m, k] = sizes(a); // a is [m, k] when it is multiplied
  const n = sizes(b)[1];
  const out = storage.create([m, n]);
  const [from, by, to] = [a.info, b.info, out].map((info) => storage.buffer(info)) as [GPUBuffer, GPUBuffer, GPUBuffer];
  if (k === 0 || m * n === 0) {
    storage.clear(to, 4 * elementCount(out.shape));
    return out;
  }
  const rowsOf = (shape: readonly number[]): readonly Part[] =>
    looseParts(shape[0]!, 4 * shape[1]!, storage.bindingBytes);
  const whole = (count: number): Part => ({ first: 0, count });
  for (const partA of rowsOf(a.info.shape)) {
    for (const partB of rowsOf(b.info.shape)) {
      const inner = common(a.transposed ? partA : whole(k), b.transposed ? whole(k) : partB);
      const columns = b.transposed ? partB : whole(n);
      for (const partOut of rowsOf(out.shape)) {
        const rows = common(a.transposed ? whole(m) : partA, partOut);
        if (inner.count <= 0 || rows.count <= 0) continue;
        const seenA = seen(from, a, partA, [rows.first, inner.first]);
        const seenB = seen(by, b, partB, [inner.first, columns.first]);
        const seenOut = seen(to, { info: out, transposed: false }, partOut, [rows.first, columns.first]);
        storage.run(
          "product",
          [seenA.binding, seenB.binding, seenOut.binding],
          [
            ...[rows.count, columns.count, inner.count, Number(inner.first > 0)],
            ...[seenA.shift, ...seenA.strides, seenB.shift, ...seenB.strides, seenOut.shift, seenOut.strides[0]],
          ].map((u32) => ({ u32 })),
          [Math.ceil(columns.count / TILE), Math.ceil(rows.count / TILE)],
        );
      }
    }
  }
  return out;
}

function sizes({ info, transposed }: Factor): readonly [number, number] {
  const [rows, columns] = info.shape as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** What lies in both. */
function common(a: Part, b: Part): Part {
  const first = Math.max(a.first, b.first);
  return { first, count: Math.min(a.first + a.count, b.first + b.count) - first };
}

/** A part as it is stored, from the number at `[row, column]` of what is multiplied on; and from there to the next row and column. */
function seen(
  buffer: GPUBuffer,
  { info, transposed }: Factor,
  part: Part,
  [row, column]: readonly [number, number],
): { readonly binding: GPUBufferBinding; readonly shift: number; readonly strides: readonly [number, number] } {
  const length = info.shape[1]!;
  const { binding, shift } = bindFrom(buffer, part.first * length, part.count * length);
  const [storedRow, storedColumn] = transposed ? [column, row] : [row, column];
  return {
    binding,
    shift: shift + (storedRow - part.first) * length + storedColumn,
    strides: transposed ? [1, length] : [length, 1],
  };
}
