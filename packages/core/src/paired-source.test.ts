import { NonFiniteError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { arraySource } from "./array-source.ts";
import type { Batch, DataSource } from "./contracts/data-source.ts";
import { pairedSource } from "./paired-source.ts";

/** Row r is [r, r, ...], plus `shift`. */
const ramp = (rows: number, dIn: number, shift = 0): Float32Array =>
  Float32Array.from({ length: rows * dIn }, (_, i) => Math.floor(i / dIn) + shift);
const inputs = arraySource(ramp(10, 2), 2, { file: "in", hook: "mlp" });
const targets = arraySource(ramp(10, 2, 100), 2, { file: "out" });

async function read(source: DataSource, options: Parameters<DataSource["batches"]>[0]): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

describe("pairedSource", () => {
  const paired = pairedSource(inputs, targets);

  it.each([{ batchSize: 4 }, { batchSize: 4, seed: 3, epoch: 2 }, { batchSize: 3, seed: 3, skipBatches: 2 }])(
    "pairs the rows of a pass with %o",
    async (options) => {
      const batches = await read(paired, options);
      expect(batches.flatMap(({ rows }) => [...rows])).toEqual(
        (await read(inputs, options)).flatMap(({ rows }) => [...rows]),
      );
      for (const { x, target, rows, n } of batches) {
        expect([...x]).toEqual([...rows].flatMap((row) => [row, row]));
        expect([...target!]).toEqual([...rows].flatMap((row) => [row + 100, row + 100]));
        expect(n).toBe(rows.length);
      }
    },
  );

  it("tells both origins apart, and has the shape of its parts", () => {
    expect(paired.provenance).toEqual({ file: "in", hook: "mlp", target_file: "out" });
    expect([paired.dIn, paired.tokens]).toEqual([2, 10]);
  });

  it("refuses other widths and numbers of tokens, naming both", () => {
    expect(() => pairedSource(inputs, arraySource(ramp(10, 3), 3))).toThrow(UsageError);
    expect(() => pairedSource(inputs, arraySource(ramp(10, 3), 3))).toThrow(
      "d_in is 2 in the inputs, 3 in the targets",
    );
    expect(() => pairedSource(inputs, arraySource(ramp(9, 2), 2))).toThrow(
      "tokens is 10 in the inputs, 9 in the targets",
    );
  });

  it("refuses sources whose orders differ, naming the rows that meet", async () => {
    const other: DataSource = { ...targets, batches: ({ seed: _, ...options }) => targets.batches(options) };
    const source = pairedSource(inputs, other);
    await expect(read(source, { batchSize: 4, seed: 1 })).rejects.toThrow(UsageError);
    await expect(read(source, { batchSize: 4, seed: 1 })).rejects.toThrow(
      /row \d of the inputs meets row \d of the targets .* same shuffleBytes/,
    );
    expect(await read(source, { batchSize: 4 })).toHaveLength(3);
  });

  it("refuses a source that ends early or cuts its passes otherwise", async () => {
    const short: DataSource = { ...targets, batches: (options) => targets.batches({ ...options, skipBatches: 1 }) };
    const ended: DataSource = { ...targets, batches: async function* () {} };
    const wide: DataSource = { ...targets, batches: (options) => targets.batches({ ...options, batchSize: 5 }) };
    await expect(read(pairedSource(inputs, ended), { batchSize: 4 })).rejects.toThrow(
      "the targets end before the inputs",
    );
    await expect(read(pairedSource(ended, targets), { batchSize: 4 })).rejects.toThrow(
      "the inputs end before the targets",
    );
    await expect(read(pairedSource(inputs, short), { batchSize: 4 })).rejects.toThrow(
      "row 0 of the inputs meets row 4",
    );
    await expect(read(pairedSource(inputs, wide), { batchSize: 4 })).rejects.toThrow(
      "tokens in one batch is 4 in the inputs, 5 in the targets",
    );
  });

  it("passes on what either source throws, and ends both passes when its reader stops", async () => {
    const bad = arraySource(Float32Array.of(1, NaN), 1);
    await expect(read(pairedSource(bad, arraySource(ramp(2, 1), 1)), { batchSize: 1 })).rejects.toThrow(NonFiniteError);

    const ended: string[] = [];
    const watched = (name: string, source: DataSource): DataSource => ({
      ...source,
      async *batches(options) {
        try {
          yield* source.batches(options);
        } finally {
          ended.push(name);
        }
      },
    });
    for await (const _ of pairedSource(watched("inputs", inputs), watched("targets", targets)).batches({
      batchSize: 1,
    }))
      break;
    expect(ended.sort()).toEqual(["inputs", "targets"]);
  });

  it("closes both, the second also where the first fails", async () => {
    const closed: string[] = [];
    const closing = (name: string): DataSource => ({
      ...inputs,
      close() {
        closed.push(name);
        return Promise.reject(new Error(name));
      },
    });
    await expect(pairedSource(closing("inputs"), closing("targets")).close()).rejects.toThrow("inputs");
    expect(closed).toEqual(["inputs", "targets"]);
  });
});
