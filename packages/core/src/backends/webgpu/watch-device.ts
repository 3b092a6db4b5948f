/// <reference types="@webgpu/types" />
/** Whether a device still works: a driver tells of its end, and of errors in what it was asked to do, some time later. */
import { DeviceError } from "../device-error.ts";

export interface DeviceWatch {
  /** Why the device can be used no longer, as far as it was told; undefined while it can. */
  problem(): DeviceError | undefined;
  /** Waits for what the driver may be about to tell: for who has just seen something fail. */
  settled(): Promise<void>;
}

/** A loss is told at the next turn of the event loop; browsers have another process in between. */
const TELLING_MS = 20;

export function watchDevice(device: GPUDevice): DeviceWatch {
  let lost: string | undefined;
  let failed: string | undefined;
  const loss = device.lost.then(({ reason, message }) => {
    lost = `${reason ?? "unknown"}: ${message}`;
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault?.();
    failed ??= event.error.message.trim();
  });
  return {
    problem: () => {
      if (lost !== undefined) return new DeviceError(`webgpu: the device was lost (${lost}), with what was on it`);
      if (failed !== undefined) return new DeviceError(`webgpu: the driver reports an error: ${failed}`);
      return undefined;
    },
    settled: async () => {
      if (lost === undefined) await Promise.race([loss, new Promise((resolve) => setTimeout(resolve, TELLING_MS))]);
    },
  };
}
