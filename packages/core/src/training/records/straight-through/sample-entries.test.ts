import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleEntries } from "./sample-entries.ts";

const of = (seed: number) => ({ latents: 3, entries: 2, seeds: [seed, 7, 0] }) as const;

describe("sampleEntries", () => {
  it("takes entries of latents that fire, along their axis, one of each latent first", () => {
    const fired = [0, 5, 0, 1, 2, 0];
    const rows = sampleEntries(fired, { ...of(1), shape: [6, 4], latentAxis: 0 });
    expect(rows.slice(0, 3).map(({ row }) => row)).toEqual(rows.slice(3).map(({ row }) => row));
    expect(rows.map(({ row }) => row).toSorted()).toEqual([1, 1, 3, 3, 4, 4]);
    const columns = sampleEntries(fired, { ...of(1), shape: [4, 6], latentAxis: 1 });
    expect(columns).toEqual(rows.map(({ row, column }) => ({ row: column, column: row })));
  });

  it("is the same for the same seeds, another for others, and empty where nothing fires", () => {
    const fired = new Float32Array(100).fill(1);
    const drawn = (seed: number) => sampleEntries(fired, { ...of(seed), shape: [100, 50], latentAxis: 0 });
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(2)).not.toEqual(drawn(1));
    expect(sampleEntries(new Float32Array(100), { ...of(1), shape: [100, 50], latentAxis: 0 })).toEqual([]);
  });

  it("repeats no entry and leaves no range", () => {
    const sizes = fc.record({ width: fc.integer({ min: 1, max: 5 }), fired: fc.array(fc.nat(3), { maxLength: 9 }) });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 8 }), ({ width, fired }, seed, entries) => {
        const drawn = sampleEntries(fired, {
          shape: [fired.length, width],
          latentAxis: 0,
          latents: 4,
          entries,
          seeds: [seed],
        });
        const alive = fired.filter((count) => count > 0).length;
        expect(drawn.length).toBe(Math.min(4, alive) * Math.min(entries, width));
        expect(new Set(drawn.map(({ row, column }) => row * width + column)).size).toBe(drawn.length);
        for (const { row, column } of drawn) {
          expect(fired[row]).toBeGreaterThan(0);
          expect(column).toBeLessThan(width);
        }
      }),
    );
  });
});
