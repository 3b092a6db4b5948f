/// <reference types="@webgpu/types" />
/** How many tokens of the last certified encode had no certificate: kept on the device until somebody asks. */
import type { WebGpuStorage } from "./webgpu-storage.ts";

const counts = new WeakMap<WebGpuStorage, GPUBuffer>();

/** Of the last part of a batch, where that was encoded in several. */
export function keepUncertifiedCount(storage: WebGpuStorage, listed: GPUBuffer): void {
  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  const count = counts.get(storage) ?? storage.device.createBuffer({ size: 4, usage: COPY_SRC | COPY_DST });
  counts.set(storage, count);
  storage.copy(listed, count, 4);
}

/** Waits for the device; undefined before the first certified encode. */
export async function uncertifiedCount(storage: WebGpuStorage): Promise<number | undefined> {
  const count = counts.get(storage);
  return count && new Uint32Array(await storage.getBufferData(count))[0];
}
