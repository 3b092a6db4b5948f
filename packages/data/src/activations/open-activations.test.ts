import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { DataSource } from "@qsae/core";
import { encodeSafetensors, FormatError, NonFiniteError, QsaeError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fileOf, opened, ramp, safetensors } from "../../test/activation-files.ts";
import { collect } from "../../test/collect.ts";
import { npy } from "../../test/npy.ts";
import { sharedData } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { encodeSafetensorsHeader } from "../safetensors/stream-tensors.ts";
import { openActivations } from "./open-activations.ts";

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
