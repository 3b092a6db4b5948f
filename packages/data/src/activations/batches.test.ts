import { truncate } from "node:fs/promises";

import { pairedSource } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { fileOf, opened, ramp, rampFile, safetensors } from "../../test/activation-files.ts";
import { collect } from "../../test/collect.ts";
import { npy } from "../../test/npy.ts";
import { encodeSafetensorsHeader } from "../safetensors/stream-tensors.ts";
import type { OpenActivationsOptions } from "./activations-of.ts";
import { openActivations } from "./open-activations.ts";

describe("a pass in file order", () => {
  it("gives all rows, the last batch short", async () => {
    const source = await opened(await rampFile(10, 3));
    expect([source.dIn, source.tokens]).toEqual([3, 10]);
    const pass = await collect(source, { batchSize: 4 });
    expect(pass.sizes).toEqual([4, 4, 2]);
    expect(pass.rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(pass.x).toEqual([...ramp(10, 3)]);
  });

  it("gives one batch when the batch size exceeds the data", async () => {
    const source = await opened(await rampFile(3, 2));
    expect((await collect(source, { batchSize: 1_000_000_000_000 })).sizes).toEqual([3]);
  });

  it("tells where the activations come from, without folders", async () => {
    const source = await opened(await rampFile(10, 3), { from: 2, tokens: 5 });
    expect(source.provenance).toEqual({
      hook: "blocks.1",
      file: "acts.safetensors",
      tensor: "activations",
      rows: "2..7 of 10",
    });
  });
});

describe("a shuffled pass", () => {
  // Blocks are 32 KiB: rows of 2 KiB make blocks of 16, so that a few hundred rows take several windows.
  const wide = 512;

  it("gives every row once with its own values, in another order", async () => {
    const source = await opened(await rampFile(100, 4));
    const pass = await collect(source, { batchSize: 32, seed: 1 });
    expect(pass.sizes).toEqual([32, 32, 32, 4]);
    expect(pass.rows).not.toEqual(pass.rows.toSorted((a, b) => a - b));
    expect(pass.rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    pass.rows.forEach((row, i) => expect(pass.x.slice(4 * i, 4 * i + 4)).toEqual([row, row + 0.5, row + 1, row + 1.5]));
  });

  it("is the same for the same seed and epoch, another for others", async () => {
    const source = await opened(await rampFile(100, 4));
    const rows = async (seed: number, epoch?: number): Promise<number[]> =>
      (await collect(source, { batchSize: 32, seed, ...(epoch === undefined ? {} : { epoch }) })).rows;
    expect(await rows(1)).toEqual(await rows(1, 0));
    expect(await rows(1, 2)).toEqual(await rows(1, 2));
    expect(await rows(1, 1)).not.toEqual(await rows(1, 0));
    expect(await rows(2)).not.toEqual(await rows(1));
  });

  it("does not depend on the batch size", async () => {
    const source = await opened(await rampFile(100, wide), { shuffleBytes: 40 * wide * 4 });
    const small = await collect(source, { batchSize: 7, seed: 5 });
    const large = await collect(source, { batchSize: 64, seed: 5 });
    expect(small.rows).toEqual(large.rows);
    expect(small.x).toEqual(large.x);
  });

  it("skips batches without changing the rest, in one window or many, shuffled or not", async () => {
    const path = await rampFile(150, wide);
    const windows = await opened(path, { shuffleBytes: 40 * wide * 4 });
    const whole = await opened(path);
    for (const source of [windows, whole]) {
      for (const options of [{ batchSize: 16, seed: 3, epoch: 2 }, { batchSize: 16 }]) {
        const all = await collect(source, options);
        for (const skipBatches of [0, 1, 5, 9, 10, 100]) {
          const rest = await collect(source, { ...options, skipBatches });
          expect(rest.rows).toEqual(all.rows.slice(16 * skipBatches));
          expect(rest.x).toEqual(all.x.slice(16 * wide * skipBatches));
        }
      }
    }
  });

  it("pairs with the pass of another file, of another type and in another format, in one window or many", async () => {
    const rows = 150;
    const wholeNumbers = Float32Array.from({ length: rows * wide }, (_, i) => Math.floor(i / wide));
    const inputs = await safetensors({ x: { shape: [rows, wide], data: wholeNumbers, dtype: "F16" } });
    const targets = await fileOf(
      "targets.npy",
      npy(
        [rows, wide],
        wholeNumbers.map((value) => 2 * value),
      ),
    );
    for (const options of [{ shuffleBytes: 40 * wide * 4 }, {}]) {
      const paired = pairedSource(await opened(inputs, options), await opened(targets, options));
      const seen: number[] = [];
      for await (const { x, target, n, rows: numbers } of paired.batches({ batchSize: 16, seed: 3, epoch: 1 })) {
        for (let i = 0; i < n; i++) expect([x[i * wide], target![i * wide]]).toEqual([numbers[i], 2 * numbers[i]!]);
        seen.push(...numbers);
      }
      expect(seen).not.toEqual(seen.toSorted((a, b) => a - b));
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
    }
  });

  it("does not pair rows of one window with rows of many, nor other parts of a file: it says so", async () => {
    const path = await rampFile(150, wide);
    const read = async (one: OpenActivationsOptions, other: OpenActivationsOptions, seed?: number): Promise<void> => {
      const paired = pairedSource(await opened(path, one), await opened(path, other));
      for await (const _ of paired.batches({ batchSize: 16, ...(seed === undefined ? {} : { seed }) }));
    };
    await expect(read({ shuffleBytes: 40 * wide * 4 }, {}, 3)).rejects.toThrow(/the same shuffleBytes/);
    await expect(read({ tokens: 20 }, { from: 10, tokens: 20 })).rejects.toThrow(
      /row 0 of the inputs meets row 10 of the targets/,
    );
  });

  it("runs several passes at once on one source", async () => {
    const source = await opened(await rampFile(150, wide), { shuffleBytes: 40 * wide * 4 });
    const [a, b, c] = await Promise.all([
      collect(source, { batchSize: 16, seed: 3 }),
      collect(source, { batchSize: 16, seed: 3 }),
      collect(source, { batchSize: 16 }),
    ]);
    expect(a).toEqual(b);
    expect(c.rows).toEqual(a.rows.toSorted((x, y) => x - y));
  });
});

describe("part of a file", () => {
  it("keeps row numbers of the file, shuffled or not", async () => {
    const source = await opened(await rampFile(50, 4), { from: 10, tokens: 20 });
    expect(source.tokens).toBe(20);
    const pass = await collect(source, { batchSize: 8 });
    expect(pass.rows).toEqual(Array.from({ length: 20 }, (_, i) => 10 + i));
    expect(pass.x.slice(0, 4)).toEqual([10, 10.5, 11, 11.5]);
    const shuffled = await collect(source, { batchSize: 8, seed: 0 });
    expect(shuffled.rows.toSorted((a, b) => a - b)).toEqual(pass.rows);
    shuffled.rows.forEach((row, i) => expect(shuffled.x[4 * i]).toBe(row));
  });

  it("refuses a range that the file does not have", async () => {
    const path = await rampFile(50, 4);
    for (const [range, problem] of [
      [{ tokens: 51 }, /tokens=51 .*1\.\.50/],
      [{ tokens: 0 }, /tokens=0/],
      [{ tokens: 2.5 }, /tokens=2\.5/],
      [{ from: 50 }, /from=50 .*0\.\.49/],
      [{ from: -1 }, /from=-1/],
      [{ from: 40, tokens: 11 }, /tokens=11 from row 40 on; allowed: 1\.\.10/],
      [{ shuffleBytes: 0 }, /shuffleBytes=0/],
    ] as const) {
      await expect(openActivations(path, range)).rejects.toThrow(UsageError);
      await expect(openActivations(path, range)).rejects.toThrow(problem);
    }
  });
});

describe("options and closing", () => {
  it("refuses options that are not counting numbers", async () => {
    const source = await opened(await rampFile(4, 2));
    for (const options of [
      { batchSize: 0 },
      { batchSize: 1.5 },
      { batchSize: NaN },
      { batchSize: 2, seed: -1 },
      { batchSize: 2, epoch: 0.5 },
      { batchSize: 2, skipBatches: -1 },
    ]) {
      await expect(collect(source, options)).rejects.toThrow(UsageError);
    }
  });

  it("refuses a batch of more than 2 GiB instead of trying", async () => {
    const header = encodeSafetensorsHeader([{ name: "a", dtype: "F32", shape: [300_000, 2048] }], {});
    const path = await fileOf("sparse.safetensors", header);
    await truncate(path, header.length + 300_000 * 2048 * 4);
    const source = await opened(path);
    await expect(collect(source, { batchSize: 300_000 })).rejects.toThrow(
      /a batch of 300000 tokens of width 2048 takes 2457600000 bytes; at most 2147483648 .* lower batchSize/,
    );
  });

  it("says so when it is used after it was closed", async () => {
    const source = await openActivations(await rampFile(4, 2));
    await source.close();
    expect(() => source.batches({ batchSize: 2 })).toThrow(/batches\(\) after close\(\)/);
  });
});
