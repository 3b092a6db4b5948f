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

/** Names that {@link openBackend} takes. */
export const backendNames: readonly BackendName[] = ["auto", "wasm", "webgpu", "cpu"];

/**
 * Opens a backend.
 *
 * - `wasm`: multi-threaded SIMD kernels in WebAssembly; runs everywhere
 * - `cpu`: plain JavaScript; slow, the oracle
 * - `auto`: the fastest of these that opens
 *
 * Callers of one name and options share one device; it is released when the last of them closes it.
 *
 * @throws UsageError for an unknown name, QsaeError if the backend does not open here
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
    case "auto":
      return openFastest(options);
    default:
      throw unknownName("backend", String(name), backendNames);
  }
}

async function openFastest(options: BackendOptions): Promise<Backend> {
  try {
    const backend = await openBackend("wasm", options);
    return { ...backend, description: `${backend.description} (auto: the fastest that opens)` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const backend = await openBackend("cpu");
    return { ...backend, description: `${backend.description} (auto: wasm did not open: ${why})` };
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
