/** Opens an engine: one memory, the kernels that this machine validates, and the threads to run them. */
import { UsageError } from "../errors.ts";
import { createAllocator } from "./allocator.ts";
import { HEAP_START } from "./control-block.ts";
import type { Engine, EngineBuild } from "./engine.ts";
import { EngineMemoryError } from "./errors.ts";
import { chooseBuild, compileKernels } from "./kernel-module.ts";
import { reserveMemory, type Reserved } from "./reserve-memory.ts";
import { findSpawn } from "./spawn-worker.ts";
import { openThreadPool, type ThreadPool } from "./thread-pool.ts";

export interface EngineOptions {
  /** Threads, the calling one included. Default: the machine's logical cores. More than 1 needs shared memory. */
  readonly threads?: number;
  /** Default `"auto"`: `"relaxed"` where WebAssembly has relaxed SIMD, else `"simd"`. */
  readonly build?: EngineBuild | "auto";
  /** Default: shared memory where the host allows it. `false` means one thread. */
  readonly shared?: boolean;
  /** Most bytes that the memory may grow to. Default and limit: 4 GiB. */
  readonly maxBytes?: number;
  /** How long a thread inside a kernel may make no progress before it is taken for dead. Default 10,000. */
  readonly stallTimeoutMs?: number;
}

const PAGE = 65536;
const ADDRESS_SPACE = 65536 * PAGE;
const SMALLEST_MEMORY = 16 * PAGE;
const MOST_THREADS = 256;

/**
 * Opens with less than was asked for where the host has less (no shared memory, no workers, a smaller address space), and
 * says so in `notes`.
 * @throws UsageError for an option out of range, or a build that this machine does not have
 * @throws EngineMemoryError if not even the smallest memory can be reserved
 * @example
 * const engine = await openEngine({ threads: 2 });
 * const x = engine.alloc(4 * 1000);
 * engine.f32(x, 1000).fill(1);
 * engine.free(x);
 * await engine.close();
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const threads = inRange("threads", options.threads ?? cores(), 1, MOST_THREADS);
  const maxBytes = inRange("maxBytes", options.maxBytes ?? ADDRESS_SPACE, SMALLEST_MEMORY, ADDRESS_SPACE);
  const stallTimeoutMs = inRange("stallTimeoutMs", options.stallTimeoutMs ?? 10_000, 1, 3_600_000);
  const build = chooseBuild(options.build ?? "auto");
  const notes: string[] = [];

  if (options.shared !== false) {
    const reason = noSharedMemory();
    if (reason === undefined) {
      try {
        const found = threads > 1 ? await findSpawn() : { reason: "" };
        if ("reason" in found && threads > 1) notes.push(`one thread: ${found.reason}`);
        const module = await compileKernels(build, true);
        const reserved = reserveMemory(maxBytes, true, notes);
        const spawn = "spawn" in found ? found.spawn : undefined;
        const pool = await openThreadPool({ module, memory: reserved.memory, spawn, threads, stallTimeoutMs });
        return engineOver(build, true, reserved, pool, notes);
      } catch (error) {
        notes.push(`one thread: workers on shared memory do not start (${String(error)})`);
      }
    } else if (threads > 1 || options.shared === true) notes.push(`one thread: ${reason}`);
  }
  const module = await compileKernels(build, false);
  const reserved = reserveMemory(maxBytes, false, notes);
  const pool = await openThreadPool({ module, memory: reserved.memory, spawn: undefined, threads: 1, stallTimeoutMs });
  return engineOver(build, false, reserved, pool, notes);
}

function engineOver(
  build: EngineBuild,
  shared: boolean,
  { memory, maxBytes }: Reserved,
  pool: ThreadPool,
  notes: readonly string[],
): Engine {
  const allocator = createAllocator(HEAP_START, (bytes) => growTo(memory, bytes, maxBytes));

  const tryAlloc = (bytes: number): number | undefined => {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new UsageError(`engine.alloc: ${bytes} is not a number of bytes; give a non-negative integer`);
    }
    return allocator.allocate(bytes);
  };

  return {
    build,
    shared,
    get threads() {
      return pool.threads;
    },
    maxThreads: pool.maxThreads,
    get notes() {
      return [...notes, ...pool.events];
    },
    get liveBytes() {
      return allocator.liveBytes;
    },
    get liveBlocks() {
      return allocator.liveBlocks;
    },
    get reservedBytes() {
      return memory.buffer.byteLength;
    },
    alloc(bytes) {
      const pointer = tryAlloc(bytes);
      if (pointer === undefined) throw new EngineMemoryError(bytes, allocator.liveBytes, maxBytes);
      return pointer;
    },
    tryAlloc,
    free: (pointer) => allocator.free(pointer),
    owns: (pointer) => allocator.owns(pointer),
    get buffer() {
      return memory.buffer;
    },
    f32: (pointer, length) => new Float32Array(memory.buffer, pointer, length),
    i32: (pointer, length) => new Int32Array(memory.buffer, pointer, length),
    u8: (pointer, length) => new Uint8Array(memory.buffer, pointer, length),
    run: (kernel, ...args) => pool.run(kernel, args, false),
    runAlone: (kernel, ...args) => pool.run(kernel, args, true),
    status: () => pool.status(),
    close: () => pool.close(),
  };
}

/** Memory grows in steps of at least 16 MiB, so that a thousand small blocks are not a thousand system calls. */
function growTo(memory: WebAssembly.Memory, bytes: number, maxBytes: number): boolean {
  const now = memory.buffer.byteLength;
  if (bytes <= now) return true;
  if (bytes > maxBytes) return false;
  const needed = Math.ceil((bytes - now) / PAGE);
  const comfortable = Math.min(Math.max(needed, 256), Math.floor((maxBytes - now) / PAGE));
  return tryGrow(memory, comfortable) || tryGrow(memory, needed);
}

function tryGrow(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false; // the host has no more, although the address space has
  }
}

/** Why memory cannot be shared here. */
function noSharedMemory(): string | undefined {
  if (globalThis.crossOriginIsolated === false) {
    return "the page is not cross-origin isolated; serve it with COOP same-origin and COEP require-corp";
  }
  if (typeof SharedArrayBuffer === "undefined") return "this host has no SharedArrayBuffer";
  return undefined;
}

/** Node 20 has no `navigator`; 21 and browsers do. */
function cores(): number {
  const { navigator, process } = globalThis as {
    navigator?: { hardwareConcurrency?: number };
    process?: { getBuiltinModule?(name: string): { availableParallelism?(): number } | undefined };
  };
  return process?.getBuiltinModule?.("node:os")?.availableParallelism?.() ?? navigator?.hardwareConcurrency ?? 2;
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`openEngine: ${name}: ${value} is out of range; allowed: integers ${least} .. ${most}`);
}
