/// <reference types="@webgpu/types" />
/** An adapter, and a device on it with the largest limits it has. */
import { QsaeError } from "@qsae/runtime";
import { findAdapter, isSoftware, nameOf } from "./find-adapter.ts";
import { kernelFeatures } from "./kernel-features.ts";
import { watchDevice, type DeviceWatch } from "./watch-device.ts";

export interface OpenedDevice extends DeviceWatch {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** For people: adapter, driver, limits, what kernels use. */
  readonly description: string;
}

/** Of those an adapter has, asked for. */
const FEATURES = ["shader-f16", "subgroups"] as const satisfies readonly GPUFeatureName[];

/** WebGPU promises little unless more is asked for. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** @throws QsaeError where there is no WebGPU, no adapter, or the adapter gives no device */
export async function openDevice(): Promise<OpenedDevice> {
  const adapter = await findAdapter();
  const features = FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await requestDevice(adapter, features);
  return {
    device,
    info: adapter.info,
    description: describe(adapter.info, device),
    ...watchDevice(device),
  };
}

async function requestDevice(adapter: GPUAdapter, requiredFeatures: readonly GPUFeatureName[]): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredFeatures: [...requiredFeatures],
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    });
  } catch (error) {
    throw new QsaeError(`webgpu: the adapter ${nameOf(adapter.info)} gives no device: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function describe(info: GPUAdapterInfo, device: GPUDevice): string {
  const { limits } = device;
  const { subgroups, coding } = kernelFeatures(device, info);
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  return (
    `WebGPU on ${nameOf(info)}${isSoftware(info) ? " (software)" : ""}; buffers up to ${gib(limits.maxBufferSize)}, ` +
    `${gib(limits.maxStorageBufferBindingSize)} of one at a time; ` +
    `${subgroups ? "" : "no "}subgroups, ${coding === undefined ? "no codes" : `${coding} codes`}`
  );
}
