/** The engine as kernels and backends see it: memory, views, and synchronous parallel runs. */
import type { Kernels } from "./generated/kernels.ts";
import type { Pointer } from "./pointer.ts";

/** Which instructions the kernels use; `relaxed` has fused multiply-add and int8 dot products. */
export type EngineBuild = "simd" | "relaxed";

export type KernelName = keyof Kernels;

export interface Engine {
  readonly build: EngineBuild;
  /** Threads that can take part in a kernel, the calling one included. Falls when a worker is lost for good. */
  readonly threads: number;
  /** Threads that were opened: scratch memory has a share for each, since a lost worker may come back. */
  readonly maxThreads: number;
  /** Whether memory is shared: without, one thread, and views do not survive growth. */
  readonly shared: boolean;
  /** Why the engine is less than was asked for: no shared memory, a smaller address space, a worker that was replaced. */
  readonly notes: readonly string[];

  /** Bytes of blocks handed out and not freed, as rounded by the allocator. */
  readonly liveBytes: number;
  readonly liveBlocks: number;
  /** Size of the memory: what the process pays at most. */
  readonly reservedBytes: number;

  /**
   * An uninitialised block, 64-byte aligned.
   * @throws EngineMemoryError when memory is exhausted
   * @throws UsageError unless `bytes` is a non-negative safe integer
   */
  alloc(bytes: number): Pointer;
  /** As {@link alloc}, with `undefined` when memory is exhausted. */
  tryAlloc(bytes: number): Pointer | undefined;
  /** @throws UsageError if `pointer` is not the start of a live block: freed twice, or never handed out */
  free(pointer: Pointer): void;
  /** Whether `pointer` is the start of a live block. */
  owns(pointer: Pointer): boolean;

  /** The memory as it is now; a new object after growth. */
  readonly buffer: ArrayBufferLike;
  /** View of `length` floats. With threads it stays good when memory grows; without, growth detaches it. */
  f32(pointer: Pointer, length: number): Float32Array;
  i32(pointer: Pointer, length: number): Int32Array;
  u8(pointer: Pointer, length: number): Uint8Array;

  /**
   * Runs a raw kernel (assembly/, one function per name) on every thread and returns when its outputs are written.
   * The functions beside this file check arguments and find scratch memory; call those.
   * @throws EngineWorkerError if a thread died, trapped, or stopped making progress
   */
  readonly run: <K extends KernelName>(kernel: K, ...args: Kernels[K]) => void;
  /** As {@link run} on the calling thread alone: for work too small to wake anyone. Same bits. */
  readonly runAlone: <K extends KernelName>(kernel: K, ...args: Kernels[K]) => void;

  /** The smallest number that the last run's kernel reported (a row, an index), `undefined` for none. */
  status(): number | undefined;

  /** Ends the workers. The engine must not be used afterwards. */
  close(): Promise<void>;
}
