/** A growing list of latents: how many will fire is not known before they are selected. */
import { UsageError } from "../errors.ts";

export interface LatentList {
  length: number;
  /** Capacity may exceed `length`. */
  indices: Int32Array;
  values: Float32Array;
}

/** Offsets are int32. */
const MAX_LATENTS = 2 ** 31 - 1;

export function latentList(capacity: number): LatentList {
  return { length: 0, indices: new Int32Array(capacity), values: new Float32Array(capacity) };
}

export function push(list: LatentList, index: number, value: number): void {
  if (list.length === list.indices.length) reserve(list, 1);
  list.indices[list.length] = index;
  list.values[list.length] = value;
  list.length++;
}

/** Appends entries `begin .. end` of another list, their indices moved by `shift`. */
export function pushRange(list: LatentList, from: LatentList, begin: number, end: number, shift: number): void {
  reserve(list, end - begin);
  list.values.set(from.values.subarray(begin, end), list.length);
  for (let e = begin; e < end; e++) list.indices[list.length++] = from.indices[e]! + shift;
}

function reserve(list: LatentList, more: number): void {
  const needed = list.length + more;
  if (needed <= list.indices.length) return;
  if (needed > MAX_LATENTS)
    throw new UsageError(`more than ${MAX_LATENTS} active latents; encode fewer tokens at once`);
  const capacity = Math.min(Math.max(needed, 2 * list.length), MAX_LATENTS);
  const { indices, values } = list;
  list.indices = new Int32Array(capacity);
  list.values = new Float32Array(capacity);
  list.indices.set(indices);
  list.values.set(values);
}
