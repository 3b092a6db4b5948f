/** Starting a worker thread, in Node and in browsers, behind one small interface. */
// eslint-disable-next-line qsae/import-edges -- a type, erased; the module itself is imported where it exists
import type * as workerThreads from "node:worker_threads";

import { READY, workerSource, type WorkerStart } from "./worker-source.ts";

export interface EngineWorker {
  terminate(): Promise<void>;
}

/** Starts a worker and resolves when it runs, rejects if it cannot start; `lost` is called when it dies by itself later. */
export type Spawn = (start: WorkerStart, lost: (cause: unknown) => void) => Promise<EngineWorker>;

/** How workers are started here; `undefined`, with the reason, where there are none. */
export async function findSpawn(): Promise<{ readonly spawn: Spawn } | { readonly reason: string }> {
  const node = await nodeWorkerThreads();
  if (node) return { spawn: (start, lost) => spawnInNode(node, start, lost) };
  if (typeof Worker === "undefined") return { reason: "this host has no Worker" };
  return { spawn: spawnInBrowser };
}

async function nodeWorkerThreads(): Promise<typeof workerThreads | undefined> {
  const { process } = globalThis as { process?: { versions?: { node?: string }; release?: { name?: string } } };
  if (process?.versions?.node === undefined) return undefined;
  // Bundlers for browsers resolve literals, also those that are never reached, and minifiers make literals of constants: "node"
  // is known at run time only.
  const specifier = `${process.release?.name ?? "node"}:worker_threads`;
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as typeof workerThreads;
}

/** Exported for tests, which count and break the workers it starts. */
export function spawnInNode(
  { Worker }: typeof workerThreads,
  start: WorkerStart,
  lost: (cause: unknown) => void,
): Promise<EngineWorker> {
  // No execArgv: a parent's loaders would run again in every worker.
  const worker = new Worker(workerSource, {
    eval: true,
    workerData: start,
    execArgv: [],
    name: `qsae-${start.thread}`,
  });
  worker.unref();
  return new Promise((resolve, reject) => {
    let running = false;
    const fail = (cause: unknown): void => {
      reject(cause instanceof Error ? cause : new Error(String(cause)));
      if (running) lost(cause);
      running = false;
    };
    worker.once("error", fail);
    worker.once("exit", (code) => fail(new Error(`worker thread ${start.thread} exited with code ${code}`)));
    worker.once("message", () => {
      running = true;
      resolve({
        async terminate() {
          running = false;
          await worker.terminate();
        },
      });
    });
  });
}

function spawnInBrowser(start: WorkerStart, lost: (cause: unknown) => void): Promise<EngineWorker> {
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  return new Promise<EngineWorker>((resolve, reject) => {
    const worker = new Worker(url, { name: `qsae-${start.thread}` });
    let running = false;
    worker.onerror = (event) => {
      event.preventDefault(); // handled: not another message in the page's console
      const cause = new Error(
        event.message || "the worker could not start; a content security policy may forbid blob:",
      );
      // Unlike Node's, a browser's worker outlives its errors.
      worker.terminate();
      reject(cause);
      if (running) lost(cause);
      running = false;
    };
    worker.onmessage = ({ data }) => {
      if (data !== READY) return;
      running = true;
      resolve({ terminate: async () => worker.terminate() });
    };
    worker.postMessage(start);
  }).finally(() => URL.revokeObjectURL(url));
}
