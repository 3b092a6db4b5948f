/** The `webgpu` backend: tfjs over WebGPU with kernels of our own. */
import * as tf from "@tensorflow/tfjs";
import type { Backend } from "../../contracts/backend.ts";
import { tfjsOps } from "../tfjs/ops.ts";
import { registerSaeGradients } from "../tfjs/sae-gradients.ts";
import { webgpuAdamStep } from "./adam-step.ts";
import { cast } from "./cast.ts";
import { registerWebGpuKernels } from "./define-kernel.ts";
import { gridKernels } from "./grid-kernels.ts";
import { openDevice } from "./open-device.ts";
import { requireRoom } from "./require-room.ts";
import { saeKernels } from "./sae-kernels.ts";
import { tfjsKernels } from "./tfjs-kernels.ts";
import { WebGpuStorage, type StorageOptions } from "./webgpu-storage.ts";

let openedBefore = 0;

/**
 * @throws QsaeError where there is no WebGPU, no adapter or no device, or the driver refuses a kernel
 */
export async function openWebGpuBackend(options: StorageOptions = {}): Promise<Backend> {
  const opened = await openDevice();
  const storage = await WebGpuStorage.open(opened, options).catch((error: unknown) => {
    opened.device.destroy();
    throw error;
  });
  const tfjsName = `qsae-webgpu-${++openedBefore}`;
  registerWebGpuKernels(tfjsName, [cast, ...saeKernels, ...gridKernels, ...tfjsKernels]);
  registerSaeGradients();
  tf.registerBackend(tfjsName, () => storage);
  await tf.setBackend(tfjsName);
  return {
    name: "webgpu",
    description: opened.description,
    ops: tfjsOps({
      tfjsName,
      adamStep: webgpuAdamStep(storage),
      heldBytes: () => storage.liveBytes(),
      requireAlive: () => storage.requireAlive(),
      finiteInputsOnly: true,
      requireRoom: (shape) => requireRoom(opened.device.limits, shape),
    }),
    fallbacks: () => [],
    lastEncode: () => storage.lastEncode,
    failure: async () => {
      await opened.settled();
      return storage.problem();
    },
    close: async () => {
      await opened.device.queue.onSubmittedWorkDone();
      tf.removeBackend(tfjsName);
      opened.device.destroy();
    },
  };
}
