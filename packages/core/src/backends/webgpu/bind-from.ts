/// <reference types="@webgpu/types" />
import { ALIGNMENT } from "./parts.ts";

/** So many numbers of a buffer from any one on: a binding that begins at or before the first, and where in it that is. */
export function bindFrom(
  buffer: GPUBuffer,
  first: number,
  count: number,
): { readonly binding: GPUBufferBinding; readonly shift: number } {
  const shift = ((4 * first) % ALIGNMENT) / 4;
  return { binding: { buffer, offset: 4 * (first - shift), size: 4 * (count + shift) }, shift };
}
