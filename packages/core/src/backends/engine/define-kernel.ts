/** Registering our kernels over those copied from tfjs's JavaScript backend. */
import * as tf from "@tensorflow/tfjs";
import { saeKernel } from "../tfjs/sae-kernel.ts";
import type { EngineStorage } from "./engine-storage.ts";

export type Inputs = Readonly<Record<string, tf.TensorInfo>>;
export type Attributes = Readonly<Record<string, unknown>>;

export interface EngineKernel {
  readonly name: string;
  /** Which inputs it takes; for others the JavaScript kernel of the same name runs. Default: all. */
  readonly takes?: (inputs: Inputs, attributes: Attributes) => boolean;
  readonly run: (storage: EngineStorage, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];
}

/**
 * Kernels that only rename or share storage: nothing to gain from our own. And the composed SAE kernels, which are here if a
 * `cpu` backend was opened before: they run others, which are counted.
 */
const NOT_COUNTED: ReadonlySet<string> = new Set(["Identity", "Reshape", "ExpandDims", ...Object.values(saeKernel)]);

export function registerEngineKernels(backendName: string, kernels: readonly EngineKernel[]): void {
  tf.copyRegisteredKernels("cpu", backendName);
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend(backendName)) {
    if (!NOT_COUNTED.has(kernelName)) replace(backendName, kernelName, recorded(kernelName, kernelFunc));
  }
  for (const kernel of kernels) {
    const inherited = tf.getKernel(kernel.name, backendName)?.kernelFunc;
    replace(backendName, kernel.name, (call) => {
      const { inputs, attrs, backend } = call;
      const given = (inputs ?? {}) as unknown as Inputs;
      const attributes = (attrs ?? {}) as unknown as Attributes;
      if (inherited && kernel.takes && !kernel.takes(given, attributes)) return inherited(call);
      return kernel.run(backend as EngineStorage, given, attributes);
    });
  }
}

function recorded(name: string, inherited: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    (call.backend as EngineStorage).fellBack.add(name);
    return inherited(call);
  };
}

function replace(backendName: string, kernelName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc });
}

/** Every input float32 (or bool, which is stored as float32). */
export const allFloat = (inputs: Inputs): boolean =>
  Object.values(inputs).every(({ dtype }) => dtype === "float32" || dtype === "bool");
