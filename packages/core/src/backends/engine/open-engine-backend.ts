/** The `wasm` backend: tfjs over the engine. */
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "@qsae/runtime/training";
import type { Backend, BackendOptions } from "../../contracts/backend.ts";
import { registerComposedKernels } from "../composed/sae-kernels.ts";
import { tfjsOps } from "../tfjs/ops.ts";
import { registerSaeGradients } from "../tfjs/sae-gradients.ts";
import { engineAdamStep } from "./adam-step.ts";
import { registerEngineKernels } from "./define-kernel.ts";
import { elementwiseKernels } from "./elementwise-kernels.ts";
import { EngineStorage } from "./engine-storage.ts";
import { saeKernels } from "./sae-kernels.ts";
import { shapeKernels } from "./shape-kernels.ts";

let opened = 0;

/**
 * Opens an engine and a tfjs backend over it. Each call opens one of its own, so that backends with other options stand
 * side by side (`wasm` is tfjs's own name: these are `qsae-wasm-1`, ...).
 */
export async function openEngineBackend({ encode = "auto", ...options }: BackendOptions = {}): Promise<Backend> {
  const engine = await openEngine(options);
  const tfjsName = `qsae-wasm-${++opened}`;
  const storage = new EngineStorage(engine, encode);
  registerEngineKernels(tfjsName, [...elementwiseKernels, ...shapeKernels, ...saeKernels]);
  registerComposedKernels(tfjsName); // those that gain nothing from kernels of their own
  registerSaeGradients();
  tf.registerBackend(tfjsName, () => storage);
  await tf.setBackend(tfjsName);
  const notes = engine.notes.length > 0 ? `; ${engine.notes.join("; ")}` : "";
  return {
    name: "wasm",
    description: `WebAssembly ${engine.build === "relaxed" ? "relaxed SIMD" : "SIMD"}, ${engine.threads} thread${engine.threads === 1 ? "" : "s"}${notes}`,
    ops: tfjsOps({ tfjsName, adamStep: engineAdamStep(storage), heldBytes: () => engine.liveBytes }),
    fallbacks: () => [...storage.fellBack].sort(),
    lastEncode: () => storage.lastEncode,
    close: async () => {
      tf.removeBackend(tfjsName);
      await engine.close();
    },
  };
}
