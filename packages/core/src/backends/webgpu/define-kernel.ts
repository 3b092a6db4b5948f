/** Registering our kernels, and tfjs's for the rest. */
import * as tf from "@tensorflow/tfjs";
import type { WebGpuStorage } from "./webgpu-storage.ts";

export type Inputs = Readonly<Record<string, tf.TensorInfo | undefined>>;
export type Attributes = Readonly<Record<string, unknown>>;

export interface WebGpuKernel {
  readonly name: string;
  readonly run: (storage: WebGpuStorage, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];
}

export function registerWebGpuKernels(backendName: string, kernels: readonly WebGpuKernel[]): void {
  const own = new Map(kernels.map(({ name, run }) => [name, run]));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend("webgpu")) {
    if (own.has(kernelName)) continue;
    register(backendName, kernelName, (storage, inputs, attributes) =>
      kernelFunc({ inputs, attrs: attributes as tf.NamedAttrMap, backend: storage }),
    );
  }
  for (const [name, run] of own) register(backendName, name, run);
}

function register(backendName: string, kernelName: string, run: WebGpuKernel["run"]): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const storage = backend as WebGpuStorage;
      return storage.attempt(() => run(storage, inputs, (attrs ?? {}) as unknown as Attributes));
    },
  });
}
