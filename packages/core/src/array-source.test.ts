import { describe, expect, it } from "vitest";
import { arraySource } from "./array-source.ts";

const source = arraySource(
  Float32Array.from({ length: 20 }, (_, i) => i),
  2,
);

async function rowsOf(options: Parameters<typeof source.batches>[0]): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const batch of source.batches(options)) {
    batch.rows.forEach((row, i) => expect(batch.x[i * 2]).toBe(row * 2));
    rows.push([...batch.rows]);
  }
  return rows;
}

describe("arraySource", () => {
  it("yields file order without a seed, the last batch short", async () => {
    expect(await rowsOf({ batchSize: 4 })).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });
  it("yields every row once per epoch, in an order of its own", async () => {
    const [first, second] = [
      await rowsOf({ batchSize: 3, seed: 1 }),
      await rowsOf({ batchSize: 3, seed: 1, epoch: 1 }),
    ];
    expect(first.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(second).not.toEqual(first);
    expect(await rowsOf({ batchSize: 3, seed: 1 })).toEqual(first);
  });
  it("skips batches as if they had been read", async () => {
    const all = await rowsOf({ batchSize: 3, seed: 5 });
    expect(await rowsOf({ batchSize: 3, seed: 5, skipBatches: 2 })).toEqual(all.slice(2));
  });
  it("names a row that is not finite", async () => {
    const bad = arraySource(Float32Array.of(1, 2, 3, NaN), 2);
    await expect(bad.batches({ batchSize: 2 })[Symbol.asyncIterator]().next()).rejects.toThrow(
      "row 1 holds NaN or Inf",
    );
  });
  it("refuses part of a row", () => {
    expect(() => arraySource(new Float32Array(5), 2)).toThrow("5 values are not a whole number of rows of d_in=2");
  });
});
