import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { planShuffle, type ShufflePlan } from "./shuffle-plan.ts";

/** Rows in the order of the pass. */
function orderOf(plan: ShufflePlan): number[] {
  return plan.starts.slice(0, -1).flatMap((_, w) => {
    const { order, rowOfSlot } = plan.window(w);
    return [...order].map((slot) => rowOfSlot[slot]!);
  });
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("planShuffle", () => {
  it("hands out every row once, for any sizes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (rows, blockRows, windowRows, seed) => {
          const plan = planShuffle(rows, blockRows, windowRows, seed);
          const order = orderOf(plan);
          expect(order.toSorted((a, b) => a - b)).toEqual(range(rows));
          expect(plan.starts.at(-1)).toBe(rows);
          plan.starts.slice(0, -1).forEach((start, w) => {
            const window = plan.window(w);
            const held = window.stretches.flatMap(({ firstRow, rows: n }) => range(n).map((i) => firstRow + i));
            expect([...window.rowOfSlot]).toEqual(held);
            expect(held.length).toBe(plan.starts[w + 1]! - start);
            if (rows > windowRows) expect(held.length).toBeLessThanOrEqual(Math.max(windowRows, blockRows));
          });
        },
      ),
    );
  });

  it("depends on the seed and on nothing else", () => {
    expect(orderOf(planShuffle(500, 8, 100, 3))).toEqual(orderOf(planShuffle(500, 8, 100, 3)));
    expect(orderOf(planShuffle(500, 8, 100, 3))).not.toEqual(orderOf(planShuffle(500, 8, 100, 4)));
  });

  it("permutes data that fits in the window as a whole: any row may come at any place", () => {
    // Over many seeds, the first place takes rows uniformly (chi-squared, 99 degrees of freedom, p = 1e-6: 174).
    const counts = new Array<number>(100).fill(0);
    for (let seed = 0; seed < 4000; seed++) counts[orderOf(planShuffle(100, 10, 100, seed))[0]!]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 40) ** 2 / 40, 0);
    expect(chiSquared).toBeLessThan(174);
    expect(planShuffle(100, 10, 100, 0).starts).toEqual([0, 100]);
  });

  it("mixes data far larger than the window: batches look like random samples of the whole file", () => {
    // 131,072 rows of contexts of 128 tokens; the window holds an eighth of them, 512 blocks of 32 rows.
    const rows = 1 << 17;
    const batch = 1024;
    const order = orderOf(planShuffle(rows, 32, rows / 8, 7));
    const deviations: number[] = [];
    const contexts: number[] = [];
    for (let at = 0; at < rows; at += batch) {
      const rowsOfBatch = order.slice(at, at + batch);
      const mean = rowsOfBatch.reduce((sum, row) => sum + row, 0) / batch;
      deviations.push((mean / rows - 0.5) ** 2);
      contexts.push(new Set(rowsOfBatch.map((row) => row >> 7)).size);
    }
    // The mean place of an independent sample of 1024 deviates by 1 / sqrt(12 * 1024). Drawing blocks costs some of that:
    // with 512 blocks in a window at most sqrt(1 + 1024 / 512) = 1.73 times as much.
    const spread = Math.sqrt(deviations.reduce((sum, d) => sum + d, 0) / deviations.length) * Math.sqrt(12 * batch);
    expect(spread).toBeLessThan(1.73);
    // An independent sample of 1024 rows touches 647 of the 1024 contexts, a batch in file order 8. Here a block is in the
    // window with probability 1/8 and then touched with 1 - exp(-2): 1024 (1 - (1 - 0.108)^4) = 376 contexts expected.
    const average = contexts.reduce((sum, n) => sum + n, 0) / contexts.length;
    expect(average).toBeGreaterThan(365);
    expect(Math.min(...contexts)).toBeGreaterThan(320);
  });

  it("puts other rows together in every epoch", () => {
    const windowOf = (seed: number): number[] => {
      const plan = planShuffle(4096, 8, 512, seed);
      const windows = new Array<number>(4096);
      plan.starts.slice(0, -1).forEach((_, w) => plan.window(w).rowOfSlot.forEach((row) => (windows[row] = w)));
      return windows;
    };
    const [a, b] = [windowOf(1), windowOf(2)];
    // Of rows in one window of the first epoch, about an eighth meet again in a given window of the second.
    const together = a.flatMap((w, row) => (w === 0 ? [b[row]!] : []));
    for (let w = 0; w < 8; w++) expect(together.filter((v) => v === w).length).toBeLessThan(together.length / 3);
  });
});
