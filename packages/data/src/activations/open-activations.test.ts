import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { DataSource } from "@qsae/core";
import {
  encodeSafetensors,
  FormatError,
  NonFiniteError,
  QsaeError,
  type TensorToWrite,
  UsageError,
} from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { collect } from "../../test/collect.ts";
import { npy } from "../../test/npy.ts";
import { sharedData } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { encodeSafetensorsHeader } from "../safetensors/stream-tensors.ts";
import { openActivations, type OpenActivationsOptions } from "./open-activations.ts";

/** Row r is [r, r + 0.5, ...]. */
function ramp(rows: number, dIn: number): Float32Array {
  return Float32Array.from({ length: rows * dIn }, (_, i) => Math.floor(i / dIn) + 0.5 * (i % dIn));
}

async function fileOf(name: string, content: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

async function opened(path: string, options?: OpenActivationsOptions): Promise<DataSource> {
  const source = await openActivations(path, options);
  onTestFinished(() => source.close());
  return source;
}

const safetensors = (tensors: Record<string, TensorToWrite>): Promise<string> =>
  fileOf("acts.safetensors", encodeSafetensors(tensors, { hook: "blocks.1" }));

const rampFile = (rows: number, dIn: number): Promise<string> =>
  safetensors({ activations: { shape: [rows, dIn], data: ramp(rows, dIn) } });

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

describe("element types and shapes", () => {
  it("reads F32, F16 and BF16", async () => {
    const data = ramp(4, 2); // exact in all three
    const f16 = await opened(await safetensors({ activations: { shape: [4, 2], data, dtype: "F16" } }));
    expect((await collect(f16, { batchSize: 3 })).x).toEqual([...data]);

    const upper = new Uint16Array(data.length);
    new Uint32Array(data.buffer).forEach((bits, i) => (upper[i] = bits >>> 16));
    const header = new TextEncoder().encode('{"a":{"dtype":"BF16","shape":[4,2],"data_offsets":[0,16]}}');
    const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
    const bf16 = await opened(
      await fileOf("bf16.safetensors", Buffer.concat([length, header, new Uint8Array(upper.buffer)])),
    );
    expect((await collect(bf16, { batchSize: 3, seed: 1 })).x.toSorted((a, b) => a - b)).toEqual(
      [...data].sort((a, b) => a - b),
    );
  });

  it("flattens [contexts, tokens, d_in] to rows", async () => {
    const source = await opened(await safetensors({ a: { shape: [2, 3, 2], data: ramp(6, 2) } }));
    expect([source.tokens, source.dIn]).toEqual([6, 2]);
    expect((await collect(source, { batchSize: 6 })).x).toEqual([...ramp(6, 2)]);
  });

  it("takes the tensor that is asked for", async () => {
    const path = await safetensors({
      a: { shape: [2, 2], data: ramp(2, 2) },
      b: { shape: [1, 3], data: Float32Array.of(7, 8, 9) },
    });
    const source = await opened(path, { tensor: "b" });
    expect((await collect(source, { batchSize: 6 })).x).toEqual([7, 8, 9]);
  });

  it("takes the only float tensor with two or three axes by itself", async () => {
    const source = await opened(
      await safetensors({
        tokens: { shape: [2], data: Int32Array.of(5, 6) },
        windows: { shape: [1, 3], data: Int32Array.of(4, 5, 6) },
        mean: { shape: [2], data: Float32Array.of(0, 0) },
        acts: { shape: [2, 2], data: ramp(2, 2) },
      }),
    );
    expect(source.provenance["tensor"]).toBe("acts");
  });

  it("refuses what it cannot choose or read, listing what there is", async () => {
    const two = await safetensors({
      a: { shape: [2, 2], data: ramp(2, 2) },
      b: { shape: [1, 3], data: ramp(1, 3) },
    });
    await expect(openActivations(two)).rejects.toThrow(
      /several tensors .*a F32 \[2, 2\], b F32 \[1, 3\].*tensor option/,
    );
    await expect(openActivations(two, { tensor: "c" })).rejects.toThrow(/no tensor "c"; it holds a F32 \[2, 2\], b/);
    const none = await safetensors({ tokens: { shape: [2], data: Int32Array.of(5, 6) } });
    await expect(openActivations(none)).rejects.toThrow(/no activations: .* it holds tokens I32 \[2\]/);
    await expect(openActivations(none, { tensor: "tokens" })).rejects.toThrow(/"tokens" is I32; activations are F32/);
    const flat = await safetensors({ mean: { shape: [2], data: Float32Array.of(0, 0) } });
    await expect(openActivations(flat, { tensor: "mean" })).rejects.toThrow(/shape \[2\]; expected \[tokens, d_in\]/);
    const empty = await safetensors({ a: { shape: [0, 8], data: new Float32Array(0) } });
    await expect(openActivations(empty)).rejects.toThrow(/\[0, 8\]: no activations/);
    const nothing = await safetensors({});
    await expect(openActivations(nothing)).rejects.toThrow(/it holds no tensors/);
  });

  it("keeps the message short for a file of thousands of tensors", async () => {
    const tensors = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`t${i}`, { shape: [1, 1], data: Float32Array.of(0) }]),
    );
    const error: unknown = await openActivations(await safetensors(tensors)).catch((e: unknown) => e);
    expect((error as Error).message).toMatch(/and 2980 more/);
    expect((error as Error).message.length).toBeLessThan(1000);
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

describe("bad data", () => {
  it.each([NaN, Infinity, -Infinity])("stops at %d, naming file, row, column and tensor", async (value) => {
    const data = ramp(20, 4);
    data[17 * 4 + 2] = value;
    const source = await opened(await safetensors({ activations: { shape: [20, 4], data } }));
    for (const options of [{ batchSize: 8 }, { batchSize: 8, seed: 1 }]) {
      const error: unknown = await collect(source, options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(NonFiniteError);
      expect((error as Error).message).toMatch(
        new RegExp(`acts\\.safetensors: ${value} in row 17, column 2 of tensor activations`),
      );
    }
  });

  it("names the file and what was expected when it is missing, of an unknown kind, or foreign", async () => {
    const folder = await temporaryFolder();
    await expect(openActivations(join(folder, "no.safetensors"))).rejects.toThrow(
      /no\.safetensors: no such file; expected activations/,
    );
    await expect(openActivations(join(folder, "no.pt"))).rejects.toThrow(
      /unknown kind of file ".pt"; supported: \.safetensors .* \.npy/,
    );
    await expect(openActivations(await fileOf("x.npy", encodeSafetensors({})))).rejects.toThrow(FormatError);
    await expect(openActivations(await fileOf("x.safetensors", npy([1, 1], ramp(1, 1))))).rejects.toThrow(FormatError);
    await expect(openActivations(await fileOf("x.npy", npy([1, 1], ramp(1, 1))), { tensor: "a" })).rejects.toThrow(
      UsageError,
    );
  });

  it("refuses a header that announces a terabyte, without allocating it", async () => {
    const header = encodeSafetensorsHeader([{ name: "a", dtype: "F32", shape: [1 << 20, 1 << 18] }], {});
    await expect(openActivations(await fileOf("x.safetensors", header))).rejects.toThrow(FormatError);
  });

  it("only ever throws typed errors, for every prefix and for flipped bytes of a header", async () => {
    const whole = Buffer.from(encodeSafetensors({ a: { shape: [2, 2], data: ramp(2, 2) } }));
    const path = await fileOf("x.safetensors", whole);
    const outcome = async (bytes: Uint8Array): Promise<unknown> => {
      await writeFile(path, bytes);
      const source = await openActivations(path).catch((error: unknown) => error);
      if (source instanceof Error) return source;
      const pass: unknown = await collect(source as DataSource, { batchSize: 2, seed: 0 }).catch(
        (error: unknown) => error,
      );
      await (source as DataSource).close();
      return pass instanceof Error ? pass : "read";
    };
    for (let length = 0; length < whole.length; length++) {
      expect(await outcome(whole.subarray(0, length))).toBeInstanceOf(FormatError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= flip;
        const result = await outcome(damaged);
        if (result !== "read") expect(result).toBeInstanceOf(QsaeError);
      }),
      { numRuns: 300 },
    );
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

const heldout = sharedData("gpt", "gpt_heldout20k.f16.safetensors");
const s260k = sharedData("s260k", "s260k_heldout.safetensors");

describe("real activations", () => {
  it.skipIf(heldout === undefined)("reads float16 activations beside other tensors", async () => {
    const source = await opened(heldout!);
    expect([source.tokens, source.dIn]).toEqual([20_000, 256]);
    let rows = 0;
    for await (const batch of source.batches({ batchSize: 1024, seed: 0 })) rows += batch.n;
    expect(rows).toBe(20_000);
  });

  it.skipIf(s260k === undefined)("reads float32 activations", async () => {
    const source = await opened(s260k!);
    expect([source.tokens, source.dIn]).toEqual([20_000, 64]);
  });
});
