/** The page's program: what the test calls from outside. */
import type { EngineOptions } from "@qsae/runtime/training";
import type * as runtime from "@qsae/runtime";
import { runOnEngine, type EngineRun } from "./engine-run.ts";
import type { Answer } from "./worker.ts";
import { trainShortly } from "./training-run.ts";

/** {@link runOnEngine} in a Web Worker, whose engine starts workers of its own. */
const runInWorker = (options: EngineOptions): Promise<EngineRun> =>
  new Promise((resolve, reject) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onerror = ({ message }) => reject(new Error(message || "the worker did not start"));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      worker.terminate();
      if ("run" in data) resolve(data.run);
      else reject(new Error(data.error));
    };
    worker.postMessage(options);
  });

/** With the runtime's main entry, bundled alone. */
async function reconstruct(packed: readonly number[], x: readonly number[]): Promise<readonly number[]> {
  const entry = "/sae.js";
  const { loadSae } = (await import(entry)) as typeof runtime;
  return [...loadSae(Uint8Array.from(packed)).reconstruct(Float32Array.from(x))];
}

const checks = { runOnEngine, runInWorker, trainShortly, reconstruct };

export type Checks = typeof checks;

Object.assign(globalThis, { checks });
