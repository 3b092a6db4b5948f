/// <reference types="@webgpu/types" />
/** The adapter that a device is opened on, and whether it is a GPU or a program that stands in for one. */
import { QsaeError } from "@qsae/runtime";
import { findGpu, gpuAtHand, inNode } from "./find-gpu.ts";
import { linuxHasNoGpu } from "./find-gpu-of-linux.ts";

/** @throws QsaeError where there is no WebGPU or no adapter, saying what to install */
export async function findAdapter(): Promise<GPUAdapter> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter !== null) return adapter;
  throw new QsaeError(
    inNode()
      ? "webgpu: WebGPU is here, but finds no adapter: install a driver (Vulkan on Linux, with libvulkan1), or on a machine without a GPU name a software one with VK_ICD_FILENAMES"
      : "webgpu: WebGPU is here, but finds no adapter: the browser knows no GPU that it would use; use the backend wasm",
  );
}

/** Why `auto` leaves WebGPU alone; undefined where there is a GPU. Loads nothing of tfjs and opens no device. */
export async function whyNoGpu(): Promise<string | undefined> {
  if (gpuAtHand() === undefined && linuxHasNoGpu()) return "webgpu: this machine has no GPU";
  try {
    const { info } = await findAdapter();
    return isSoftware(info) ? `webgpu: ${nameOf(info)} is software, slower than wasm` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** By name, too: not every implementation says so. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter === true || SOFTWARE.test(nameOf(info));
}

/** Browsers tell little: absent parts are left out. */
export function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const parts = [vendor, architecture, device, description].filter((part) => part !== "");
  return parts.length === 0 ? "an adapter that does not say what it is" : parts.join(" ");
}
