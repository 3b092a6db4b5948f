/**
 * The `cuda` and `tensorflow` backends: tfjs over the C library of TensorFlow, which the packages `@tensorflow/tfjs-node-gpu`
 * and `@tensorflow/tfjs-node` bring. Both register themselves with tfjs as `tensorflow`; the SAE kernels are composed of theirs.
 */
import * as tf from "@tensorflow/tfjs";
import { QsaeError } from "@qsae/runtime";
import type { Backend } from "../../contracts/backend.ts";
import { adamStep } from "../composed/adam-step.ts";
import { registerComposedKernels } from "../composed/sae-kernels.ts";
import { importOptional } from "../import-optional.ts";
import { tfjsOps } from "../tfjs/ops.ts";
import { registerSaeGradients } from "../tfjs/sae-gradients.ts";

/** What the packages call themselves with tfjs. */
const TFJS_NAME = "tensorflow";

const packages = { cuda: "@tensorflow/tfjs-node-gpu", tensorflow: "@tensorflow/tfjs-node" } as const;

/** Parts of their `NodeJSKernelBackend` that no declaration of tfjs has. */
interface TensorFlowBackend {
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
}

/** @throws QsaeError where the package is absent or does not load, or `cuda` finds no GPU */
export async function openTfjsNodeBackend(name: "cuda" | "tensorflow"): Promise<Backend> {
  const packageName = packages[name];
  await importOptional({
    backend: name,
    name: packageName,
    install: `npm install ${packageName}@${tf.version_core}`, // they must be of one version
  });
  await tf.setBackend(TFJS_NAME);
  const { isGPUPackage, isUsingGpuDevice } = tf.backend() as unknown as TensorFlowBackend;
  if (isGPUPackage !== (name === "cuda")) {
    throw new QsaeError(
      `${name}: TensorFlow is in this process already, from ${packages[isGPUPackage ? "cuda" : "tensorflow"]}; one process has one of the two`,
    );
  }
  if (name === "cuda" && !isUsingGpuDevice) {
    throw new QsaeError(
      `cuda: ${packageName} is installed, but TensorFlow finds no GPU; install the CUDA 11 runtime and cuDNN that it was built for, or use the backend tensorflow`,
    );
  }
  registerComposedKernels(TFJS_NAME);
  registerSaeGradients();
  return {
    name,
    description: `TensorFlow's C library through ${packageName}, on ${isUsingGpuDevice ? "a GPU" : "the CPU"}; SAE ops composed, with dense latents`,
    ops: tfjsOps({ tfjsName: TFJS_NAME, adamStep }),
    fallbacks: () => [],
    lastEncode: () => undefined,
    close: () => Promise.resolve(), // the package offers no way to unload it
  };
}
