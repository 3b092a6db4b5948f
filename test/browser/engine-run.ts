/** What the test computes on an engine: the same code in Node, on a page's main thread and in a Web Worker. */
import { encodeTopK, gemm, openEngine, type Engine, type EngineOptions } from "@qsae/runtime/training";
import { wordIndex } from "../../packages/runtime/src/engine/control-block.ts";

/** Large enough that the products are shared between threads. */
export const sizes = { n: 72, dIn: 64, dSae: 512, k: 16 } as const;
const GROWTH_BYTES = 64 << 20;
/** How often to look for a job in which every thread took part: a worker may wake late. */
const MOST_TRIES = 2000;

export interface EngineRun {
  readonly build: string;
  readonly shared: boolean;
  readonly threads: number;
  readonly notes: readonly string[];
  /** Whether this thread may block in `Atomics.wait`; a page's main thread may not. */
  readonly mayWait: boolean;
  /** Threads that took tiles in one and the same job, the most of several tries. */
  readonly threadsAtWork: number;
  /** `x wEnc + bEnc`, `[n, d_sae]`. */
  readonly scores: readonly number[];
  /** `[n, k]`. */
  readonly values: readonly number[];
  readonly indices: readonly number[];
  readonly growth: {
    readonly grewBytes: number;
    /** Length of a view that was taken before the memory grew. */
    readonly oldViewLength: number;
    /** The same product, computed in the new memory. */
    readonly sameBits: boolean;
  };
}

/** Numbers in [-1, 1), the same bits in every JavaScript engine. */
export function uniform(count: number, seed: number): Float32Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  return Float32Array.from({ length: count }, () => next() / 2 ** 31 - 1);
}

export const inputs = (): Readonly<Record<"x" | "wEnc" | "bEnc", Float32Array>> => ({
  x: uniform(sizes.n * sizes.dIn, 1), // [n, d_in]
  wEnc: uniform(sizes.dIn * sizes.dSae, 2), // [d_in, d_sae]
  bEnc: uniform(sizes.dSae, 3), // [d_sae]
});

export async function runOnEngine(options: EngineOptions): Promise<EngineRun> {
  const { n, dIn, dSae, k } = sizes;
  const engine = await openEngine(options);
  try {
    const { build, shared, threads, notes } = engine;
    const put = (data: Float32Array): number => {
      const at = engine.alloc(data.byteLength);
      engine.f32(at, data.length).set(data);
      return at;
    };
    const { x, wEnc, bEnc } = inputs();
    const at = { x: put(x), wEnc: put(wEnc), bEnc: put(bEnc) };
    const out = engine.alloc(4 * n * dSae);
    const product = { a: at.x, b: at.wEnc, bias: at.bEnc, out, m: n, n: dSae, k: dIn };
    const threadsAtWork = await mostThreadsAtWork(engine, () => gemm(engine, product), options);
    const scores = [...engine.f32(out, n * dSae)];

    const [values, indices] = [engine.alloc(4 * n * k), engine.alloc(4 * n * k)];
    encodeTopK(engine, { ...at, values, indices, n, dIn, dSae, k, mode: "exact" });
    const latents = { values: [...engine.f32(values, n * k)], indices: [...engine.i32(indices, n * k)] };

    const oldView = engine.f32(at.x, x.length);
    const before = engine.reservedBytes;
    const far = engine.alloc(GROWTH_BYTES + 4 * n * dSae);
    const again = far + GROWTH_BYTES;
    gemm(engine, { ...product, out: again });
    const growth = {
      grewBytes: engine.reservedBytes - before,
      oldViewLength: oldView.length,
      sameBits: engine.f32(again, n * dSae).every((score, i) => Object.is(score, scores[i])),
    };
    return { build, shared, threads, notes, mayWait: mayWait(), threadsAtWork, scores, ...latents, growth };
  } finally {
    await engine.close();
  }
}

/**
 * A thread leaves a job by taking a tile past its end, so after a job the tile counter is the number of tiles plus how often a
 * thread entered. The calling thread enters once; a worker that wakes between two jobs may find the next gate open and enter
 * that job twice, the second time for nothing. With two threads, more than one entry therefore means that both took part.
 */
async function mostThreadsAtWork(engine: Engine, job: () => void, options: EngineOptions): Promise<number> {
  const tilesTaken = ({ buffer }: Engine): number => new Int32Array(buffer)[wordIndex("tile")]!;
  const alone = await openEngine({ ...options, threads: 1 });
  const { n, dIn, dSae } = sizes;
  const at = alone.alloc(4 * (n * dIn + dIn * dSae + n * dSae));
  gemm(alone, { a: at, b: at, out: at + 4 * (n * dIn + dIn * dSae), m: n, n: dSae, k: dIn });
  const tiles = tilesTaken(alone) - 1;
  await alone.close();
  let most = 0;
  for (let tries = 0; tries < MOST_TRIES && most < engine.threads; tries++) {
    job();
    most = Math.max(most, tilesTaken(engine) - tiles);
  }
  return Math.min(most, engine.threads);
}

function mayWait(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
