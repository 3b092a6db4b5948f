/**
 * Runs kernels on the calling thread and on workers, through the control block (protocol: worker-source.ts).
 *
 * A worker can die inside a job, and while the caller waits no event can tell it so. Tiles are short and long ones count
 * their progress, so a thread inside a job that makes none for `stallTimeoutMs` is taken for dead: the call throws, the
 * workers are replaced, and until they are the engine runs with fewer threads.
 */
import {
  ARGUMENTS_START,
  EPOCH_MASK,
  EPOCH_SHIFT,
  GATE_CLOSED,
  INSIDE_MASK,
  MAX_ARGUMENTS,
  MESSAGE_START,
  STATUS_CLEAR,
  wordIndex,
} from "./control-block.ts";
import { EngineWorkerError } from "./errors.ts";
import type { EngineWorker, Spawn } from "./spawn-worker.ts";

const word = {
  generation: wordIndex("generation"),
  gate: wordIndex("gate"),
  tile: wordIndex("tile"),
  status: wordIndex("status"),
  progress: wordIndex("progress"),
  kernel: wordIndex("kernel"),
  argumentCount: wordIndex("argumentCount"),
  trapped: wordIndex("trapped"),
  messageLength: wordIndex("messageLength"),
};

/** Looks at the gate before the first sleep: the other threads' last tiles usually end within that time. */
const SPINS = 20000;
/** Length of one sleep while others finish. */
const WAIT_MS = 50;
/** A worker that keeps dying is not started for ever. */
const MOST_RESPAWNS = 8;

type KernelFunction = (thread: number, ...args: readonly number[]) => void;

export interface ThreadPool {
  readonly threads: number;
  /** Threads that were asked for; `threads` is less while a lost worker is being replaced. */
  readonly maxThreads: number;
  /** What happened to workers since the engine was opened. */
  readonly events: readonly string[];
  run(kernel: string, args: readonly number[], alone: boolean): void;
  /** What the kernels of the last job reported, `undefined` for nothing. */
  status(): number | undefined;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** `undefined` for a pool without workers. */
  readonly spawn: Spawn | undefined;
  readonly threads: number;
  readonly stallTimeoutMs: number;
}

/** @throws whatever `spawn` rejects with, if a first worker cannot start */
export async function openThreadPool(options: PoolOptions): Promise<ThreadPool> {
  const { module, memory, spawn, stallTimeoutMs } = options;
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const functions = instance.exports as Record<string, KernelFunction>;
  const kernels = Object.keys(functions);
  const mayWait = canWait();

  const workers = new Map<number, EngineWorker>();
  const events: string[] = [];
  let respawns = 0;
  let closed = false;

  // Fresh views per job: memory that is not shared gets a new buffer whenever it grows.
  const control = (): Int32Array => new Int32Array(memory.buffer, 0, MESSAGE_START / 4);

  const epochNow = (): number => Atomics.load(control(), word.gate) & EPOCH_MASK;

  const start = async (thread: number): Promise<void> => {
    const epoch = epochNow();
    const generation = Atomics.load(control(), word.generation);
    const lost = (cause: unknown): void => replace(thread, cause);
    const worker = await spawn!({ module, memory, thread, kernels, generation, epoch }, lost);
    if (!closed && epoch === epochNow()) {
      workers.set(thread, worker);
      return;
    }
    await worker.terminate();
    if (!closed) await start(thread);
  };

  const replace = (thread: number, cause: unknown): void => {
    workers.delete(thread);
    if (closed) return;
    events.push(`thread ${thread} was lost: ${describe(cause)}`);
    if (respawns++ >= MOST_RESPAWNS) {
      events.push(`thread ${thread} is not started again: ${MOST_RESPAWNS} workers were lost before it`);
      return;
    }
    start(thread).catch((reason: unknown) => replace(thread, reason));
  };

  /** Waits until nobody is inside the job. `false` if someone is, and makes no progress. */
  const drained = (words: Int32Array): boolean => {
    Atomics.or(words, word.gate, GATE_CLOSED);
    for (let spins = 0; spins < SPINS; spins++) {
      if ((Atomics.load(words, word.gate) & INSIDE_MASK) === 0) return true;
    }
    let moved = Atomics.load(words, word.progress);
    let stalledMs = 0;
    while (stalledMs <= stallTimeoutMs) {
      const before = performance.now();
      const gate = Atomics.load(words, word.gate);
      if ((gate & INSIDE_MASK) === 0) return true;
      if (mayWait) Atomics.wait(words, word.gate, gate, WAIT_MS);
      const progress = Atomics.load(words, word.progress);
      // Clamped: a machine that was suspended is not a worker that stalled.
      stalledMs = progress === moved ? stalledMs + Math.min(performance.now() - before, 2 * WAIT_MS) : 0;
      moved = progress;
    }
    return (Atomics.load(words, word.gate) & INSIDE_MASK) === 0;
  };

  const callHere = (kernel: string, args: readonly number[]): void => {
    try {
      functions[kernel]!(0, ...args);
    } catch (cause) {
      throw new EngineWorkerError(`kernel ${kernel}: ${describe(cause)}`, { cause });
    }
  };

  /** Some worker is dead or stuck, and nothing says which: replaces all of them. */
  const abandon = (words: Int32Array, cause: string): void => {
    Atomics.store(words, word.gate, GATE_CLOSED | (((epochNow() >> EPOCH_SHIFT) + 1) << EPOCH_SHIFT));
    for (const [thread, worker] of [...workers]) {
      void worker.terminate();
      replace(thread, cause);
    }
  };

  await Promise.all(Array.from({ length: spawn ? options.threads - 1 : 0 }, (_, i) => start(i + 1))).catch(
    async (error: unknown) => {
      closed = true;
      await Promise.all([...workers.values()].map((worker) => worker.terminate()));
      throw error;
    },
  );

  return {
    get threads() {
      return workers.size + 1;
    },
    maxThreads: spawn ? options.threads : 1,
    events,
    run(kernel, args, alone) {
      const words = control();
      Atomics.store(words, word.tile, 0);
      Atomics.store(words, word.status, STATUS_CLEAR);
      if (alone || workers.size === 0) {
        callHere(kernel, args);
        return;
      }
      new Float64Array(memory.buffer, ARGUMENTS_START, MAX_ARGUMENTS).set(args);
      words[word.kernel] = kernels.indexOf(kernel);
      words[word.argumentCount] = args.length;
      Atomics.store(words, word.trapped, 0);
      Atomics.store(words, word.gate, epochNow());
      Atomics.add(words, word.generation, 1);
      Atomics.notify(words, word.generation);
      let finished: boolean;
      try {
        callHere(kernel, args);
      } finally {
        finished = drained(words);
        if (!finished) abandon(words, `no progress for ${stallTimeoutMs} ms in kernel ${kernel}`);
      }
      if (!finished) {
        throw new EngineWorkerError(
          `kernel ${kernel}: a worker thread died or made no progress for ${stallTimeoutMs} ms; ` +
            "its output is incomplete, the engine goes on with the other threads",
        );
      }
      const trapped = Atomics.load(words, word.trapped);
      if (trapped !== 0) {
        const length = Atomics.load(words, word.messageLength);
        const text = new TextDecoder().decode(new Uint8Array(memory.buffer, MESSAGE_START, length).slice());
        throw new EngineWorkerError(`kernel ${kernel}: worker thread ${trapped} failed: ${text}`);
      }
    },
    status() {
      const status = Atomics.load(control(), word.status);
      return status === STATUS_CLEAR ? undefined : status;
    },
    async close() {
      closed = true;
      const ended = [...workers.values()].map((worker) => worker.terminate());
      workers.clear();
      await Promise.all(ended);
    },
  };
}

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** A page's main thread may not block; it spins instead. */
function canWait(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
