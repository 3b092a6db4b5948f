/** Scratch memory of one call: blocks that are freed when it ends, also when it throws. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";

export interface Scratch {
  /** A block of `bytes`, freed at the end of the call. */
  bytes(bytes: number): Pointer;
  floats(count: number): Pointer;
}

/** @throws EngineMemoryError when there is no room; every block is freed again */
export function withScratch<T>(engine: Engine, body: (scratch: Scratch) => T): T {
  const blocks: Pointer[] = [];
  const bytes = (size: number): Pointer => {
    const block = engine.alloc(size);
    blocks.push(block);
    return block;
  };
  try {
    return body({ bytes, floats: (count) => bytes(4 * count) });
  } finally {
    for (const block of blocks) engine.free(block);
  }
}

/** Bytes up to the next cache line: scratch of two threads never shares one. */
const lines = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Kernels index their scratch by thread number, which the threads that may still join do not exceed. */
export const perThread = (engine: Engine, bytes: number): { readonly stride: number; readonly total: number } => {
  const stride = lines(bytes);
  return { stride, total: stride * engine.maxThreads };
};
