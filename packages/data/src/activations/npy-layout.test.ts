import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FormatError, QsaeError } from "@qsae/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { collect } from "../../test/collect.ts";
import { npy, type NpyOptions } from "../../test/npy.ts";
import { openActivations } from "./open-activations.ts";

const data = Float32Array.of(1, 2, 3, 4, 5, 6);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qsae-npy-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(
  bytes: Uint8Array,
): Promise<{ readonly tokens: number; readonly dIn: number; readonly x: number[] }> {
  const path = join(folder, "acts.npy");
  await writeFile(path, bytes);
  const source = await openActivations(path);
  try {
    return { tokens: source.tokens, dIn: source.dIn, x: (await collect(source, { batchSize: 4 })).x };
  } finally {
    await source.close();
  }
}

const refused = (shape: readonly number[], options: NpyOptions, array: ArrayBufferView = data): Promise<unknown> =>
  read(npy(shape, array, options)).catch((error: unknown) => error);

describe(".npy activations", () => {
  it.each([1, 2, 3] as const)("reads float32 of version %d.0", async (version) => {
    expect(await read(npy([3, 2], data, { version }))).toEqual({ tokens: 3, dIn: 2, x: [...data] });
  });

  it("reads float16 and flattens three axes", async () => {
    const halves = Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600);
    expect(await read(npy([1, 3, 2], halves, { descr: "<f2" }))).toEqual({ tokens: 3, dIn: 2, x: [...data] });
  });

  it("reads headers as other writers format them", async () => {
    const text = `{"shape":(3,2L),"fortran_order":False,"descr":"<f4"}\n`;
    const head = Buffer.from(`\x93NUMPY\x01\x00..${text}`, "latin1");
    head.writeUInt16LE(text.length, 8);
    expect((await read(Buffer.concat([head, new Uint8Array(data.buffer)]))).x).toEqual([...data]);
  });

  it("refuses by name what it does not read", async () => {
    const message = async (shape: readonly number[], options: NpyOptions, array?: ArrayBufferView): Promise<string> => {
      const error = await refused(shape, options, array);
      expect(error).toBeInstanceOf(FormatError);
      return (error as Error).message;
    };
    expect(await message([3, 2], { descr: ">f4" })).toMatch(
      /acts\.npy: dtype big-endian '>f4' is not supported; expected little-endian float32/,
    );
    expect(await message([3, 1], { descr: "<f8" })).toMatch(/'<f8' is not supported.*astype/);
    expect(await message([3, 2], { descr: "<i4" })).toMatch(/'<i4'/);
    expect(await message([3, 2], { descr: "|O" })).toMatch(/'\|O'/);
    expect(await message([3, 2], { fortranOrder: true })).toMatch(/fortran_order is True.*ascontiguousarray/);
    expect(await message([6], {})).toMatch(/shape \[6\]; expected \[tokens, d_in\]/);
    expect(await message([], {})).toMatch(/shape \[\]/);
    expect(await message([0, 6], {}, new Float32Array(0))).toMatch(/no activations/);
    expect(await message([3, 3], {})).toMatch(/needs 164 bytes, the file has 152: it is cut off/);
    expect(await message([2, 2], {})).toMatch(/something follows the array/);
    expect(await message([1e9, 1e9], {})).toMatch(/cut off/);
    expect(await message([3e9, 1], {})).toMatch(/at most 2147483647/);
  });

  it("refuses headers that lie", async () => {
    const with_ = (text: string, version = 1): Uint8Array => {
      const head = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00....${text}`, "latin1");
      if (version === 1) head.copyWithin(10, 12);
      if (version === 1) head.writeUInt16LE(text.length, 8);
      else head.writeUInt32LE(text.length, 8);
      return head;
    };
    const message = async (bytes: Uint8Array): Promise<string> => {
      const error = await read(bytes).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FormatError);
      return (error as Error).message;
    };
    expect(await message(with_("{}"))).toMatch(/no 'descr'/);
    expect(await message(with_("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}"))).toMatch(
      /'descr' in the header is \[/,
    );
    expect(await message(with_("{'descr': '<f4', 'fortran_order': maybe, 'shape': (1, 1)}"))).toMatch(
      /'fortran_order' in the header is maybe/,
    );
    expect(await message(with_("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1)}"))).toMatch(
      /'shape' in the header is \(-1/,
    );
    expect(await message(with_("{'descr': '<f4', 'fortran_order': False, 'shape': (1 1, 1)}"))).toMatch(
      /not a tuple of integers/,
    );
    expect(await message(with_("", 4))).toMatch(/version 4\.0; supported: 1\.0, 2\.0, 3\.0/);
    const huge = Buffer.from(with_("", 2));
    huge.writeUInt32LE(0xffffffff, 8);
    expect(await message(huge)).toMatch(/header of 4294967295 bytes; at most 10000/);
  });

  it("ends in a typed error at every length it may be cut to", async () => {
    const whole = npy([3, 2], data);
    for (let length = 0; length < whole.length; length++) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow(FormatError);
    }
  });

  it("only ever throws typed errors on damaged headers", async () => {
    const whole = npy([3, 2], data);
    await fc.assert(
      fc.asyncProperty(fc.nat(127), fc.nat(255), async (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        const result: unknown = await read(damaged).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(QsaeError);
      }),
      { numRuns: 300 },
    );
  });
});
