import { elementCount } from "@qsae/runtime";

import type { TensorView } from "./torch-rules.ts";

/**
 * Bytes of a tensor in row-major order: of its storage where they lie so there, else copied element by element.
 *
 * @param storage the whole storage; the view lies within it
 */
export function gatherView(storage: Uint8Array, view: TensorView): Uint8Array {
  const { offset, shape } = view;
  const { elementBytes } = view.storage;
  const count = elementCount(shape);
  if (isContiguous(view)) return storage.subarray(offset * elementBytes, (offset + count) * elementBytes);
  const strides = view.strides.map((stride) => stride * elementBytes);
  const out = new Uint8Array(count * elementBytes);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset * elementBytes;
  for (let to = 0; to < out.length; to += elementBytes) {
    for (let b = 0; b < elementBytes; b++) out[to + b] = storage[from + b]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function isContiguous({ shape, strides }: TensorView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // The stride of an axis of one element is never used.
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}
