import { afterEach, describe, expect, it } from "vitest";

import { UsageError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { EngineMemoryError, EngineWorkerError } from "./errors.ts";
import { supports } from "./kernel-module.ts";
import { openEngine, type EngineOptions } from "./open-engine.ts";

const opened: Engine[] = [];
const open = async (options: EngineOptions): Promise<Engine> => {
  const engine = await openEngine(options);
  opened.push(engine);
  return engine;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

describe("openEngine", () => {
  it("opens the build and the threads that were asked for, without notes", async () => {
    const engine = await open({ threads: 2, build: "simd" });
    expect(engine).toMatchObject({ build: "simd", threads: 2, maxThreads: 2, shared: true, notes: [], liveBlocks: 0 });
  });

  it("picks the relaxed build exactly where WebAssembly validates it", async () => {
    const engine = await open({ threads: 1 });
    expect(engine.build).toBe(supports("relaxed") ? "relaxed" : "simd");
  });

  it.skipIf(supports("relaxed"))("says what the relaxed build needs where it is missing", async () => {
    await expect(openEngine({ build: "relaxed" })).rejects.toThrow(/relaxed SIMD needs Node 22/);
  });

  it.each([
    [{ threads: 0 }, "threads"],
    [{ threads: 1.5 }, "threads"],
    [{ maxBytes: 100 }, "maxBytes"],
    [{ maxBytes: 2 ** 32 + 65536 }, "maxBytes"],
    [{ stallTimeoutMs: -1 }, "stallTimeoutMs"],
    [{ build: "avx" as "simd" }, "auto, simd, relaxed"],
  ] as const)("rejects %o", async (options, named) => {
    await expect(openEngine(options)).rejects.toThrow(UsageError);
    await expect(openEngine(options)).rejects.toThrow(named);
  });

  it("opens one thread on memory of its own where memory must not be shared", async () => {
    const engine = await open({ shared: false, threads: 2 });
    expect(engine).toMatchObject({ shared: false, threads: 1 });
    expect(engine.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe("memory", () => {
  it("keeps old views of shared memory good when it grows", async () => {
    const engine = await open({ threads: 1 });
    const pointer = engine.alloc(4 * 100);
    const view = engine.f32(pointer, 100);
    const before = engine.buffer.byteLength;
    engine.alloc(64 << 20);
    expect(engine.buffer.byteLength).toBeGreaterThan(before);
    view[7] = 42;
    expect(engine.f32(pointer, 100)[7]).toBe(42);
  });

  it("is seen by every thread the moment it has grown", async () => {
    const engine = await open({ threads: 2 });
    // Each block is past the end of the memory as it was; copies check bounds against the size that a thread knows.
    const [rows, columns] = [512, 8192];
    for (let i = 0; i < 24; i++) {
      const block = engine.alloc(4 * rows * columns);
      engine.run("fill", block, (rows / 2) * columns, i);
      engine.run("copyStrided", block, block + 2 * rows * columns, rows / 2, columns, columns, columns);
      expect(engine.f32(block, rows * columns).at(-1)).toBe(i);
    }
  });

  it("says how much was asked for when it is exhausted, and stays usable", async () => {
    const engine = await open({ threads: 1, maxBytes: 32 << 20 });
    const block = engine.alloc(20 << 20);
    expect(engine.tryAlloc(20 << 20)).toBeUndefined();
    expect(() => engine.alloc(20 << 20)).toThrow(EngineMemoryError);
    expect(() => engine.alloc(20 << 20)).toThrow(/20971520 bytes do not fit/);
    engine.free(block);
    expect(engine.owns(engine.alloc(20 << 20))).toBe(true);
  });

  it("refuses sizes that are not sizes", async () => {
    const engine = await open({ threads: 1 });
    for (const bytes of [-1, 1.5, NaN, Infinity]) expect(() => engine.alloc(bytes)).toThrow(UsageError);
  });
});

describe("run", () => {
  it.each([1, 2])("reports a trap inside a kernel and stays usable, %d threads", async (threads) => {
    const engine = await open({ threads });
    const y = engine.alloc(4096);
    const outside = engine.buffer.byteLength + 65536;
    expect(() => engine.run("matvec", outside, 1, outside, y, 1000, 1, 0, 0)).toThrow(EngineWorkerError);
    engine.f32(y, 3).set([2, 3, 0]);
    engine.run("matvec", y, 1, y + 4, y + 8, 1, 1, 0, 0);
    expect(engine.f32(y, 3)[2]).toBe(6);
  });
});
