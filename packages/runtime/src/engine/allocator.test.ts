import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { UsageError } from "../errors.ts";
import { createAllocator } from "./allocator.ts";

const START = 4096;
const unlimited = (): ReturnType<typeof createAllocator> => createAllocator(START, () => true);

describe("createAllocator", () => {
  it("hands out aligned blocks that never overlap and books every byte, whatever the order of calls", () => {
    const sizes = fc.oneof(fc.nat(200), fc.nat(70_000), fc.nat(3_000_000));
    const steps = fc.array(
      fc.oneof(
        sizes.map((bytes) => ({ bytes })),
        fc.nat().map((index) => ({ index })),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const allocator = unlimited();
        const live = new Map<number, number>();
        for (const step of sequence) {
          if ("bytes" in step) {
            const pointer = allocator.allocate(step.bytes)!;
            expect(pointer % 64).toBe(0);
            expect(pointer).toBeGreaterThanOrEqual(START);
            for (const [other, bytes] of live) {
              expect(pointer + Math.max(1, step.bytes) <= other || pointer >= other + Math.max(1, bytes)).toBe(true);
            }
            live.set(pointer, step.bytes);
          } else if (live.size > 0) {
            const pointer = [...live.keys()][step.index % live.size]!;
            allocator.free(pointer);
            live.delete(pointer);
          }
          expect(allocator.liveBlocks).toBe(live.size);
        }
        for (const pointer of live.keys()) allocator.free(pointer);
        expect(allocator.liveBytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("wastes at most a quarter of a small block and less than 4 KiB of a large one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 1 << 20 }), (bytes) => {
        const allocator = unlimited();
        allocator.allocate(bytes);
        expect(allocator.liveBytes).toBeLessThan(bytes > 32768 ? bytes + 4096 : 1.25 * bytes + 64);
      }),
    );
  });

  it("reuses what was freed, also as one larger block", () => {
    let end = START;
    const allocator = createAllocator(START, (bytes) => bytes <= (end = Math.max(end, bytes)));
    const blocks = Array.from({ length: 8 }, () => allocator.allocate(1 << 20)!);
    const peak = end;
    for (const i of [3, 0, 5, 1, 7, 2, 6, 4]) allocator.free(blocks[i]!);
    expect(allocator.allocate(8 << 20)).toBe(blocks[0]);
    expect(end).toBe(peak);
  });

  it("grows only by what the free range at the end lacks", () => {
    let asked = 0;
    const allocator = createAllocator(START, (bytes) => (asked = bytes) > 0);
    const block = allocator.allocate(1 << 20)!;
    allocator.free(block);
    allocator.allocate(2 << 20);
    expect(asked).toBe(START + (2 << 20));
  });

  it("returns undefined when memory ends, and goes on once something was freed", () => {
    const allocator = createAllocator(START, (bytes) => bytes <= START + (4 << 20));
    const block = allocator.allocate(3 << 20)!;
    expect(allocator.allocate(2 << 20)).toBeUndefined();
    expect(allocator.liveBlocks).toBe(1);
    allocator.free(block);
    expect(allocator.allocate(2 << 20)).toBe(block);
  });

  it("refuses a pointer that is not the start of a live block", () => {
    const allocator = unlimited();
    const block = allocator.allocate(100)!;
    expect(() => allocator.free(block + 64)).toThrow(UsageError);
    allocator.free(block);
    expect(() => allocator.free(block)).toThrow(/freed before or never allocated/);
    expect(allocator.liveBytes).toBe(0);
  });
});
