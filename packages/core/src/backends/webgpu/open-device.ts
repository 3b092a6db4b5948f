/// <reference types="@webgpu/types" />
/** An adapter, and a device on it with the largest limits it has. */
import { QsaeError } from "@qsae/runtime";
import { findAdapter, isSoftware, nameOf } from "./find-adapter.ts";
import { watchDevice, type DeviceWatch } from "./watch-device.ts";

export interface OpenedDevice extends DeviceWatch {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** For people: adapter, driver, limits, features that are used. */
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
    description: describe(adapter.info, device, features),
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

function describe(info: GPUAdapterInfo, { limits }: GPUDevice, features: readonly string[]): string {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  return (
    `WebGPU on ${nameOf(info)}${isSoftware(info) ? " (software)" : ""}; buffers up to ${gib(limits.maxBufferSize)}, ` +
    `${gib(limits.maxStorageBufferBindingSize)} of one at a time; ` +
    (features.length > 0 ? features.join(", ") : "neither f16 nor subgroups")
  );
}
