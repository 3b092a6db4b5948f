/** Registering our kernels over those copied from tfjs's WebGPU backend. */
import * as tf from "@tensorflow/tfjs";
import type { WebGpuStorage } from "./webgpu-storage.ts";

export type Inputs = Readonly<Record<string, tf.TensorInfo | undefined>>;
export type Attributes = Readonly<Record<string, unknown>>;

export interface WebGpuKernel {
  readonly name: string;
  readonly run: (storage: WebGpuStorage, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];
}

export function registerWebGpuKernels(backendName: string, kernels: readonly WebGpuKernel[]): void {
  tf.copyRegisteredKernels("webgpu", backendName);
  for (const { name, run } of kernels) {
    if (tf.getKernel(name, backendName) !== undefined) tf.unregisterKernel(name, backendName);
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const storage = backend as WebGpuStorage;
        return storage.attempt(() => run(storage, inputs ?? {}, (attrs ?? {}) as unknown as Attributes));
      },
    });
  }
}
