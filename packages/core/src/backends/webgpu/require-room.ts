/// <reference types="@webgpu/types" />
import { elementCount, QsaeError } from "@qsae/runtime";

/** A tensor lies in one buffer. @throws QsaeError with the bytes that it needs and those that a buffer of this device has */
export function requireRoom({ maxBufferSize }: GPUSupportedLimits, shape: readonly number[]): void {
  const bytes = 4 * elementCount(shape);
  if (bytes <= maxBufferSize) return;
  throw new QsaeError(
    `webgpu: a tensor of shape [${shape.join(", ")}] needs ${bytes} bytes; this device has buffers of at most ${maxBufferSize}`,
  );
}
