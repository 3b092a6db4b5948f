/** Storage under our kernels: what is reused in time, given back, and told when memory ends. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendsHere } from "../../testing/backends-here.ts";
import { partsOf } from "./parts.ts";
import { openStorage, type StorageUnderTest } from "./storage.fixture.ts";

const here = await backendsHere(["webgpu"]);

describe.each(here)("storage of %s", () => {
  let test: StorageUnderTest;
  beforeAll(async () => {
    test = await openStorage({});
  });
  afterAll(() => test.close());

  it("keeps the parameters of kernels apart that are submitted together", async () => {
    const { storage, put, take } = test;
    const x = put([3, 4], [1, 2]);
    const outs = [1, 10, 100].map((minNorm) => {
      const out = storage.create([1, 2]);
      const parameters = [{ u32: 1 }, { u32: 2 }, { f32: minNorm }];
      storage.run("normalize-rows", [storage.buffer(x), storage.buffer(out)], parameters, [1]);
      return out;
    });
    const results = await Promise.all(outs.map(take));
    expect(results.map((result) => result[0]!)).toEqual([0.6, 0.3, 0.03].map(Math.fround));
    storage.disposeData(x.dataId);
  });

  it("gives a scratch buffer to the next one who asks, whose kernels run later", async () => {
    const { storage, put, take } = test;
    const [a, b] = [put([1, 2, 3, 4], [2, 2]), put([5, 6, 7, 8], [2, 2])];
    const used: GPUBuffer[] = [];
    const transposedTwice = [a, b].map((info) =>
      storage.withScratch(16, (scratch) => {
        used.push(scratch);
        const out = storage.create([2, 2]);
        const parameters = [2, 2, 0, 2, 0, 2].map((u32) => ({ u32 }));
        storage.run("transpose", [storage.buffer(info), scratch], parameters, [1]);
        storage.run("transpose", [scratch, storage.buffer(out)], parameters, [1]);
        return out;
      }),
    );
    expect(used[0]).toBe(used[1]);
    expect(await Promise.all(transposedTwice.map(take))).toEqual([
      Float32Array.of(1, 2, 3, 4),
      Float32Array.of(5, 6, 7, 8),
    ]);
    for (const { dataId } of [a, b]) storage.disposeData(dataId);
  });

  it("keeps what is derived from a tensor until its numbers change or it is disposed, and does not count it", () => {
    const { storage, put } = test;
    const x = put([1], [1]);
    storage.buffer(x);
    const [before, made] = [storage.liveBytes(), [] as string[]];
    const derived = (name: string) =>
      storage.companion(x, name, () => {
        const buffer = storage.acquire(1024);
        made.push(name);
        return { bytes: 1024, free: () => storage.release(buffer) };
      });
    expect(derived("a")).toBe(derived("a"));
    derived("b");
    expect(made).toEqual(["a", "b"]);
    expect(storage.liveBytes()).toBe(before);
    storage.bufferToChange(x);
    derived("a");
    expect(made).toEqual(["a", "b", "a"]);
    storage.disposeData(x.dataId);
    expect(storage.liveBytes()).toBe(before - 4);
  });

  it("gives back what a kernel made and took when it fails", () => {
    const { storage, put } = test;
    const x = put([1], [1]);
    const before = storage.numDataIds();
    const failing = (): never =>
      storage.attempt(() => {
        storage.create([5]);
        storage.disposeData(storage.create([6]).dataId);
        storage.incRef(x.dataId);
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    expect(storage.numDataIds()).toBe(before);
    expect(storage.refCount(x.dataId)).toBe(1);
    storage.disposeData(x.dataId);
  });

  it("says what there was no memory for", async () => {
    const ended = await openStorage({});
    const { storage } = ended;
    storage.device.popErrorScope = () => Promise.resolve({ message: "the driver's words" } as GPUError);
    storage.release(storage.acquire(2 ** 21));
    await Promise.resolve();
    expect(() => storage.requireAlive()).toThrow(
      /^webgpu: out of memory: a tensor of shape \[524288\] needs 2097152 bytes, \d+ with all others: the driver's words$/,
    );
    await ended.close();
  });
});

describe("parts of a matrix", () => {
  it("is one where it fits", () => {
    expect(partsOf(10, 4, 40)).toEqual([{ first: 0, count: 10 }]);
    expect(partsOf(0, 4, 40)).toEqual([]);
  });
  it("begin at multiples of 256 bytes and hold all rows", () => {
    for (const [rows, rowBytes] of [
      [1000, 4],
      [999, 12],
      [777, 100],
      [65, 256],
      [513, 3072],
    ] as const) {
      const parts = partsOf(rows, rowBytes, 2 ** 15);
      let next = 0;
      for (const { first, count } of parts) {
        expect(first).toBe(next);
        expect((first * rowBytes) % 256).toBe(0);
        expect(count * rowBytes).toBeLessThanOrEqual(2 ** 15);
        next += count;
      }
      expect(next).toBe(rows);
    }
  });
  it("cannot be made of rows that are too long", () => {
    expect(() => partsOf(100, 1004, 2 ** 15)).toThrow(
      "webgpu: 64 rows of 1004 bytes need 64256 bytes at once; kernels of this device see at most 32768",
    );
  });
});
