/** What kernel tests share: every engine that this machine can open, data in its memory, norm-wise errors. */
import type { Engine } from "../src/engine/engine.ts";
import { supports } from "../src/engine/kernel-module.ts";
import { openEngine } from "../src/engine/open-engine.ts";
import type { Pointer } from "../src/engine/pointer.ts";

interface NamedEngine {
  readonly name: string;
  readonly engine: Engine;
}

export interface Engines {
  /** One engine per build, two threads each. */
  readonly all: readonly NamedEngine[];
  /** Engines whose results must agree in every bit: one build with 2 threads, 1 thread, and memory of its own. */
  readonly sameBuild: readonly NamedEngine[];
  close(): Promise<void>;
}

export async function openEngines(): Promise<Engines> {
  const builds = (["simd", "relaxed"] as const).filter(supports);
  const all = await Promise.all(
    builds.map(async (build) => ({ name: build, engine: await openEngine({ build, threads: 2 }) })),
  );
  const best = all.at(-1);
  const build = best.engine.build;
  const sameBuild = [
    best,
    { name: `${build}, 1 thread`, engine: await openEngine({ build, threads: 1 }) },
    { name: `${build}, not shared`, engine: await openEngine({ build, shared: false }) },
  ];
  return {
    all,
    sameBuild,
    close: async () => void (await Promise.all([...all, ...sameBuild.slice(1)].map(({ engine }) => engine.close()))),
  };
}

export interface Placed<T extends Float32Array | Int32Array = Float32Array> {
  readonly at: Pointer;
  /** What was put there. */
  readonly data: T;
  /** A copy of what is there now. */
  read(): T;
}

/** Puts test data into an engine's memory; `free` gives all of it back. */
export function place(engine: Engine): {
  floats(data: ArrayLike<number>): Placed;
  ints(data: ArrayLike<number>): Placed<Int32Array>;
  random(count: number, seed: number): Placed;
  empty(count: number): Placed;
  emptyInts(count: number): Placed<Int32Array>;
  free(): void;
} {
  const pointers: Pointer[] = [];
  const take = (count: number): Pointer => {
    const pointer = engine.alloc(4 * count);
    pointers.push(pointer);
    return pointer;
  };
  const floats = (data: ArrayLike<number>): Placed => {
    const at = take(data.length);
    engine.f32(at, data.length).set(data);
    return { at, data: Float32Array.from(data), read: () => engine.f32(at, data.length).slice() };
  };
  const ints = (data: ArrayLike<number>): Placed<Int32Array> => {
    const at = take(data.length);
    engine.i32(at, data.length).set(data);
    return { at, data: Int32Array.from(data), read: () => engine.i32(at, data.length).slice() };
  };
  return {
    floats,
    ints,
    random: (count, seed) => floats(gaussian(count, seed)),
    // Garbage, as from `alloc`: a kernel that forgets to write an element must fail.
    empty: (count) => floats(new Float32Array(count).fill(NaN)),
    emptyInts: (count) => ints(new Int32Array(count).fill(-559038737)),
    free: () => pointers.forEach((pointer) => engine.free(pointer)),
  };
}

/** About standard normal numbers from a seed: sums of four uniform ones. */
export function gaussian(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from({ length: count }, () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3));
}

/** |a - b| / |b| in the 2-norm; |a - b| where b is zero. NaN anywhere gives NaN, which no bound accepts. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return NaN;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(norm === 0 ? difference : difference / norm);
}

/** Signs of zeros and the bits of NaN included. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}

/** For comparisons that tell -0 from 0. */
export const bitsOf = (floats: Float32Array): Int32Array =>
  new Int32Array(floats.buffer, floats.byteOffset, floats.length);
