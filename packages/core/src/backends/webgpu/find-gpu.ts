/// <reference types="@webgpu/types" />
/** Where WebGPU comes from: the browser (or Deno, Bun), else Dawn, the optional package `webgpu`. */
import { QsaeError } from "@qsae/runtime";
import type * as dawnPackage from "webgpu";
import { importOptional } from "../import-optional.ts";

/**
 * SwiftShader, the software adapter of tests, unrolls what this extension asks for: kernels with shared memory compile 15 times
 * as long. Without it Dawn clears shared memory in a loop, as it does where Vulkan is not.
 */
const DAWN_OPTIONS = ["disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension"];

/** Dawn's objects live as long as this; a second instance would know nothing of the first one's devices. */
let dawn: Promise<GPU> | undefined;

/** The browser's, or what was found before. */
export const gpuAtHand = (): GPU | undefined => (globalThis.navigator as Partial<Navigator> | undefined)?.gpu;

/** @throws QsaeError saying what to install where there is no WebGPU */
export async function findGpu(): Promise<GPU> {
  const own = gpuAtHand();
  if (own !== undefined) return own;
  if (!inNode()) {
    throw new QsaeError(
      "webgpu: this browser has no WebGPU, or not here: it needs a page that is served over https or from localhost; use the backend wasm",
    );
  }
  dawn ??= openDawn();
  try {
    const gpu = await dawn;
    offer(gpu);
    return gpu;
  } catch (error) {
    dawn = undefined; // it may be installed meanwhile
    throw error;
  }
}

export function inNode(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}

async function openDawn(): Promise<GPU> {
  const { create, globals } = (await importOptional({
    backend: "webgpu",
    name: "webgpu",
    install: "npm install webgpu",
  })) as typeof dawnPackage;
  const { GPUBuffer } = globalThis as { GPUBuffer?: unknown };
  if (GPUBuffer === undefined) Object.assign(globalThis, globals);
  return create(DAWN_OPTIONS);
}

/** tfjs looks for it where browsers have it. */
function offer(gpu: GPU): void {
  if (globalThis.navigator === undefined) {
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true, writable: true });
  }
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
}
