/** Opens a backend by name. The list of names is closed; a third party's backend is passed by value instead. */
import * as tf from "@tensorflow/tfjs";
import { unknownName } from "@qsae/runtime";
import type { Backend, BackendName, BackendOptions } from "../contracts/backend.ts";
import { adamStep } from "./composed/adam-step.ts";
import { registerComposedKernels } from "./composed/sae-kernels.ts";
import { openEngineBackend } from "./engine/open-engine-backend.ts";
import { shared } from "./shared.ts";
import { tfjsOps } from "./tfjs/ops.ts";
import { registerSaeGradients } from "./tfjs/sae-gradients.ts";
import { whyNoGpu } from "./webgpu/find-adapter.ts";

/** Names that {@link openBackend} takes. */
export const backendNames: readonly BackendName[] = ["auto", "wasm", "webgpu", "cuda", "tensorflow", "cpu"];

/**
 * Opens a backend.
 *
 * - `wasm`: multi-threaded SIMD kernels in WebAssembly; runs everywhere
 * - `webgpu`: a GPU through WebGPU, the browser's or that of the package `webgpu`
 * - `cuda`, `tensorflow`: TensorFlow's C library, through `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`
 * - `cpu`: plain JavaScript; slow, the oracle
 * - `auto`: `webgpu` where there is a GPU, else `wasm`, else `cpu`; the description says why
 *
 * Callers of one name and options share one device; it is released when the last of them closes it.
 *
 * @throws UsageError for an unknown name, QsaeError if the backend does not open here, saying why and what to install
 * @example
 * const backend = await openBackend("auto");
 * const x = backend.ops.tensor([1, 2, 3, 4], [2, 2]);
 * console.log(backend.description, await backend.ops.read(x));
 */
export async function openBackend(name: BackendName, options: BackendOptions = {}): Promise<Backend> {
  switch (name) {
    case "cpu":
      return shared("cpu", openCpu);
    case "wasm":
      return shared(`wasm ${JSON.stringify(options)}`, () => openEngineBackend(options));
    case "webgpu":
      return openWebGpu(options);
    case "cuda":
    case "tensorflow":
      return shared(name, async () =>
        (await import("./tfjs-node/open-tfjs-node-backend.ts")).openTfjsNodeBackend(name),
      );
    case "auto":
      return openFastest(options);
    default:
      throw unknownName("backend", String(name), backendNames);
  }
}

/**
 * Software behind WebGPU is slower than our own kernels in WebAssembly. `cuda` and `tensorflow`, whose SAE ops hold all latents
 * of a batch, are left to those who ask for them.
 */
async function openFastest(options: BackendOptions): Promise<Backend> {
  const gpu = (await whyNoGpu()) ?? (await opening("webgpu", options));
  if (typeof gpu !== "string") return picked(gpu, "there is a GPU");
  const wasm = await opening("wasm", options);
  if (typeof wasm !== "string") return picked(wasm, gpu);
  return picked(await openBackend("cpu"), `${gpu}; ${wasm}`);
}

const picked = (backend: Backend, why: string): Backend => ({
  ...backend,
  description: `${backend.description} (auto: ${why})`,
});

/** The backend, or why it does not open. */
async function opening(name: BackendName, options: BackendOptions): Promise<Backend | string> {
  try {
    return await openBackend(name, options);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of the options only `encode` is for it. */
function openWebGpu({ encode = "auto" }: BackendOptions): Promise<Backend> {
  return shared(`webgpu ${encode}`, async () =>
    (await import("./webgpu/open-webgpu-backend.ts")).openWebGpuBackend({ encode }),
  );
}

async function openCpu(): Promise<Backend> {
  await tf.setBackend("cpu");
  (tf.backend() as { firstUse?: boolean }).firstUse = false; // tfjs's advertisement for its own Node backend
  registerComposedKernels("cpu");
  registerSaeGradients();
  return {
    name: "cpu",
    description: "tfjs in plain JavaScript, one thread: the oracle other backends are checked against",
    ops: tfjsOps({ tfjsName: "cpu", adamStep }),
    fallbacks: () => [],
    lastEncode: () => undefined,
    close: () => Promise.resolve(),
  };
}
