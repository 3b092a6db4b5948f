import * as workerThreads from "node:worker_threads";

import { afterEach, describe, expect, it } from "vitest";

import { HEAP_START } from "./control-block.ts";
import { EngineWorkerError } from "./errors.ts";
import { chooseBuild, compileKernels } from "./kernel-module.ts";
import { spawnInNode } from "./spawn-worker.ts";
import { openThreadPool, type ThreadPool } from "./thread-pool.ts";

const STALL_MS = 250;

/** A pool of two whose workers can be got at, and made to die inside their first job. */
async function openPool({ diesInside = 0 } = {}): Promise<{
  pool: ThreadPool;
  memory: WebAssembly.Memory;
  workers: workerThreads.Worker[];
}> {
  const workers: workerThreads.Worker[] = [];
  class Recorded extends workerThreads.Worker {
    constructor(source: string | URL, options?: workerThreads.WorkerOptions) {
      const dying = String(source).replace("exports[kernels[", "process.exit(3); exports[kernels[");
      super(workers.length < diesInside ? dying : source, options);
      workers.push(this);
    }
  }
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const pool = await openThreadPool({
    module: await compileKernels(chooseBuild("auto"), true),
    memory,
    spawn: (start, lost) => spawnInNode({ ...workerThreads, Worker: Recorded }, start, lost),
    threads: 2,
    stallTimeoutMs: STALL_MS,
  });
  pools.push(pool);
  return { pool, memory, workers };
}
const pools: ThreadPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** y = A x with A [rows, 64] of ones and x of ones: every element is 64. */
function product(pool: ThreadPool, memory: WebAssembly.Memory, rows = 2000): () => number[] {
  const [a, x, y] = [HEAP_START, HEAP_START + 4 * rows * 64, HEAP_START + 4 * rows * 64 + 256];
  new Float32Array(memory.buffer, a, rows * 64 + 64).fill(1);
  return () => {
    const out = new Float32Array(memory.buffer, y, rows).fill(0);
    pool.run("matvec", [a, 64, x, y, rows, 64, 0, 0], false);
    return [...new Set(out)];
  };
}

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};

describe("openThreadPool", () => {
  it("finishes thousands of jobs in a row with a worker that spins, sleeps and wakes", async () => {
    const { pool, memory } = await openPool();
    const run = product(pool, memory, 100);
    for (let i = 0; i < 3000; i++) expect(run()).toEqual([64]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 100; i++) expect(run()).toEqual([64]);
  });

  it("computes the whole result although a worker was ended a moment ago, and replaces it", async () => {
    const { pool, memory, workers } = await openPool();
    const run = product(pool, memory);
    await workers[0]!.terminate();
    expect(run()).toEqual([64]);
    await until(() => pool.threads === 2 && workers.length === 2);
    expect(pool.events).toEqual([expect.stringContaining("thread 1 was lost")]);
    expect(run()).toEqual([64]);
  });

  it("throws within the stall timeout when a worker dies inside a job, and recovers", async () => {
    const { pool, memory, workers } = await openPool({ diesInside: 1 });
    const run = product(pool, memory);
    const started = performance.now();
    // The worker enters one of the first jobs; until it does, jobs finish without it.
    const untilThrown = (): void => {
      for (;;) run();
    };
    expect(untilThrown).toThrow(EngineWorkerError);
    expect(performance.now() - started).toBeLessThan(20 * STALL_MS);
    expect(run()).toEqual([64]); // alone, before the replacement is up
    await until(() => pool.threads === 2 && workers.length === 2);
    for (let i = 0; i < 200; i++) expect(run()).toEqual([64]);
    expect(pool.events.length).toBeGreaterThan(0);
  });

  it("gives up on a worker that dies in every job, and goes on alone", async () => {
    const { pool, memory } = await openPool({ diesInside: 100 });
    const run = product(pool, memory);
    for (let i = 0; i < 1000 && !pool.events.some((event) => event.includes("not started again")); i++) {
      try {
        run();
      } catch (error) {
        expect(error).toBeInstanceOf(EngineWorkerError);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(pool.threads).toBe(1);
    expect(run()).toEqual([64]);
  }, 20_000);
});
