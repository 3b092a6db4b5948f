/// <reference types="@webgpu/types" />
/** Kernels that only move numbers, for tensors that tfjs cannot bind whole: kernels/copy-columns.ts and kernels/gather-rows.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { bindFrom } from "./bind-from.ts";
import { ALIGNMENT, looseParts } from "./parts.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { threadsFor } from "./workgroups.ts";

/** From a column on, of a matrix with so many. */
interface Columns {
  readonly buffer: GPUBuffer;
  readonly first: number;
  readonly of: number;
}

function copyColumns(storage: WebGpuStorage, from: Columns, to: Columns, rows: number, count: number): void {
  const rowBytes = 4 * Math.max(from.of, to.of);
  if (rows === 1 || rowBytes + ALIGNMENT > storage.bindingBytes) {
    for (let row = 0; row < rows; row++) {
      const [fromByte, toByte] = [from, to].map(({ first, of }) => 4 * (row * of + first)) as [number, number];
      storage.copy(from.buffer, to.buffer, 4 * count, { fromByte, toByte });
    }
    return;
  }
  for (const part of looseParts(rows, rowBytes, storage.bindingBytes)) {
    const bound = (side: Columns) => bindFrom(side.buffer, part.first * side.of, part.count * side.of);
    const [x, out] = [bound(from), bound(to)];
    storage.run(
      "copy-columns",
      [x.binding, out.binding],
      [part.count, count, x.shift + from.first, from.of, out.shift + to.first, to.of].map((u32) => ({ u32 })),
      threadsFor(part.count * count),
    );
  }
}

/** The dimensions before an axis together, and those behind it. */
function aroundAxis(shape: readonly number[], axis: number): { readonly outer: number; readonly inner: number } {
  return { outer: elementCount(shape.slice(0, axis)), inner: elementCount(shape.slice(axis + 1)) };
}

const withSize = (shape: readonly number[], axis: number, size: number): number[] =>
  shape.map((own, i) => (i === axis ? size : own));

/** `size` of a tensor from `begin` on, along one axis after the other. */
export function sliced(
  storage: WebGpuStorage,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  if (elementCount(size) === 0) return storage.create(size, x.dtype);
  let shape: readonly number[] = x.shape;
  let left = x;
  size.forEach((count, axis) => {
    if (count === shape[axis]) return;
    const { outer, inner } = aroundAxis(shape, axis);
    const out = storage.create(withSize(shape, axis, count), x.dtype);
    const from = { buffer: storage.buffer(left), first: begin[axis]! * inner, of: shape[axis]! * inner };
    copyColumns(storage, from, { buffer: storage.buffer(out), first: 0, of: count * inner }, outer, count * inner);
    if (left !== x) storage.disposeData(left.dataId);
    left = out;
    shape = out.shape;
  });
  return left === x ? storage.copied(x) : left;
}

/** Tensors behind each other along an axis, of a shape that is otherwise that of the first; what is before, between and after is 0. */
export function placed(
  storage: WebGpuStorage,
  axis: number,
  length: number,
  tensors: readonly { readonly info: TensorInfo; readonly at: number }[],
): TensorInfo {
  const { shape, dtype } = tensors[0]!.info;
  const out = storage.create(withSize(shape, axis, length), dtype);
  const buffer = storage.buffer(out);
  const { outer, inner } = aroundAxis(shape, axis);
  const filled = tensors.reduce((sum, { info }) => sum + info.shape[axis]!, 0);
  if (filled < length) storage.clear(buffer, 4 * elementCount(out.shape));
  for (const { info, at } of tensors) {
    const count = info.shape[axis]! * inner;
    if (count === 0) continue;
    const from = { buffer: storage.buffer(info), first: 0, of: count };
    copyColumns(storage, from, { buffer, first: at * inner, of: length * inner }, outer, count);
  }
  return out;
}

/** Rows of x at indices; zeros where there is no such row. */
export function gatheredRows(storage: WebGpuStorage, x: TensorInfo, indices: TensorInfo): TensorInfo {
  const [rows, ...row] = x.shape as [number, ...number[]];
  const [columns, count] = [elementCount(row), elementCount(indices.shape)];
  const out = storage.create([...indices.shape, ...row], x.dtype);
  const [from, at, to] = [x, indices, out].map((info) => storage.buffer(info)) as [GPUBuffer, GPUBuffer, GPUBuffer];
  storage.clear(to, 4 * elementCount(out.shape));
  for (const source of looseParts(rows, 4 * columns, storage.bindingBytes)) {
    for (const target of looseParts(count, 4 * columns, storage.bindingBytes)) {
      const seen = bindFrom(from, source.first * columns, source.count * columns);
      const written = bindFrom(to, target.first * columns, target.count * columns);
      storage.run(
        "gather-rows",
        [seen.binding, at, written.binding],
        [target.count, columns, target.first, source.first, source.count, seen.shift, written.shift].map((u32) => ({
          u32,
        })),
        threadsFor(target.count * columns),
      );
    }
  }
  return out;
}
