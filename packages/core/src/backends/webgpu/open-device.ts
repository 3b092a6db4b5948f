/// <reference types="@webgpu/types" />
/** An adapter, and a device on it with the largest limits it has. */
import { QsaeError } from "@qsae/runtime";
import { findGpu } from "./find-gpu.ts";

export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** For people: adapter, driver, limits, features that are used. */
  readonly description: string;
  /** Why the device can be used no longer; undefined while it can. */
  lost(): string | undefined;
  /** The first error of the driver that nobody caught; undefined while there is none. */
  failed(): string | undefined;
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
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) {
    throw new QsaeError(
      "webgpu: WebGPU is here, but finds no adapter: install a driver (Vulkan on Linux, with libvulkan1), or on a machine " +
        "without a GPU name a software one with VK_ICD_FILENAMES",
    );
  }
  const features = FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await requestDevice(adapter, features);
  let lost: string | undefined;
  let failed: string | undefined;
  void device.lost.then(({ reason, message }) => {
    lost = `${reason ?? "unknown"}: ${message}`;
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault?.();
    failed ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  return {
    device,
    info: adapter.info,
    description: describe(adapter.info, device, features),
    lost: () => lost,
    failed: () => failed,
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
    `WebGPU on ${nameOf(info)}; buffers up to ${gib(limits.maxBufferSize)}, ` +
    `${gib(limits.maxStorageBufferBindingSize)} of one at a time; ` +
    (features.length > 0 ? features.join(", ") : "neither f16 nor subgroups")
  );
}

/** Browsers tell little: absent parts are left out. */
function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const parts = [vendor, architecture, device, description].filter((part) => part !== "");
  return parts.length === 0 ? "an adapter that does not say what it is" : parts.join(" ");
}
