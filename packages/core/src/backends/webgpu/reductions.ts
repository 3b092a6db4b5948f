/** Reductions of tensors that cannot be bound whole, by tfjs's kernels on parts of them. */
import { Max, Maximum, util, type TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { Attributes } from "./define-kernel.ts";
import { inRowParts, tfjsKernel } from "./in-row-parts.ts";
import { sharedParts } from "./parts.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";

export function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return keepDims ? shape.map((size, i) => (axes.includes(i) ? 1 : size)) : shape.filter((_, i) => !axes.includes(i));
}

/** Over axes behind the first: every row for itself. */
export function reducedRows(
  storage: WebGpuStorage,
  kernel: string,
  x: TensorInfo,
  attributes: Attributes & { readonly keepDims: boolean },
  axes: readonly number[],
): TensorInfo {
  const outShape = reducedShape(x.shape, axes, attributes.keepDims);
  const [rows, ...row] = x.shape as [number, ...number[]];
  return inRowParts(storage, {
    ...{ kernel, rows, outShape, outRow: outShape.slice(1), isOneProgram: false },
    inputs: { x: { info: x, row } },
    attributes: () => attributes,
  });
}

/** The largest, over the first axis and others: of those of parts. */
export function largest(
  storage: WebGpuStorage,
  x: TensorInfo,
  axes: readonly number[],
  outShape: readonly number[],
): TensorInfo {
  const flat = axes.length === x.shape.length;
  const [rows, ...row] = flat ? [elementCount(x.shape)] : (x.shape as [number, ...number[]]);
  const attributes = { reductionIndices: flat ? [0] : axes, keepDims: false };
  let soFar: TensorInfo | undefined;
  for (const { first, count } of sharedParts(rows, 4 * elementCount(row), storage.bindingBytes)) {
    const part = storage.partOf(x, first * elementCount(row), [count, ...row]);
    const ofPart = tfjsKernel(Max, storage, { x: part }, attributes);
    const next = soFar && tfjsKernel(Maximum, storage, { a: soFar, b: ofPart }, {});
    for (const used of next ? [part, soFar!, ofPart] : [part]) storage.disposeData(used.dataId);
    soFar = next ?? ofPart;
  }
  return { ...soFar!, shape: [...outShape] };
}

export const axesOf = (given: unknown, shape: readonly number[]): number[] =>
  util.parseAxisParam((given as number | number[] | undefined) ?? shape.map((_, i) => i), [...shape]);
