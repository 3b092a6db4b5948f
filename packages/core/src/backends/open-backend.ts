/** Opens a backend by name. The list of names is closed; a third party's backend is passed by value instead. */
import * as tf from "@tensorflow/tfjs";
import { QsaeError, unknownName } from "@qsae/runtime";
import type { Backend, BackendName } from "../contracts/backend.ts";
import { tfjsOps } from "./tfjs/ops.ts";
import { registerSaeKernels } from "./tfjs/register-kernels.ts";

/** Names that {@link openBackend} takes. */
export const backendNames: readonly BackendName[] = ["auto", "wasm", "cpu"];

const descriptions = {
  cpu: "tfjs in plain JavaScript, one thread: the oracle other backends are checked against",
  wasm: "tfjs's WebAssembly backend, SIMD, one thread",
} as const;

/**
 * Opens a backend.
 *
 * - `wasm`: WebAssembly SIMD; runs everywhere
 * - `cpu`: plain JavaScript; slow, the oracle
 * - `auto`: the fastest of these that opens
 *
 * @throws UsageError for an unknown name, QsaeError if the backend does not open here
 * @example
 * const backend = await openBackend("auto");
 * const x = backend.ops.tensor([1, 2, 3, 4], [2, 2]);
 * console.log(backend.description, await backend.ops.read(x));
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  switch (name) {
    case "cpu":
      return open("cpu", descriptions.cpu);
    case "wasm":
      await import("@tensorflow/tfjs-backend-wasm");
      return open("wasm", descriptions.wasm);
    case "auto":
      return openFastest();
    default:
      throw unknownName("backend", String(name), backendNames);
  }
}

async function openFastest(): Promise<Backend> {
  try {
    const backend = await openBackend("wasm");
    return { ...backend, description: `${backend.description} (auto: the fastest that opens)` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const backend = await openBackend("cpu");
    return { ...backend, description: `${backend.description} (auto: wasm did not open: ${why})` };
  }
}

async function open(name: "cpu" | "wasm", description: string): Promise<Backend> {
  const opened = await tf.setBackend(name);
  if (!opened)
    throw new QsaeError(
      `backend ${name}: tfjs could not start it on this machine; try another of: ${backendNames.join(", ")}`,
    );
  await tf.ready();
  (tf.backend() as { firstUse?: boolean }).firstUse = false; // tfjs's advertisement for its own Node backend
  registerSaeKernels(name);
  return { name, description, ops: tfjsOps(name), close: () => Promise.resolve() };
}
