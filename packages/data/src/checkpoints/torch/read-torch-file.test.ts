import { readFile, stat } from "node:fs/promises";

import { FormatError, type HostData } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { pthFixture, ramp } from "../../../test/pth-fixture.ts";
import type { OpenFile } from "../../files/open-file.ts";
import { readTorch, readTorchFile } from "./read-torch-file.ts";
import { openZip } from "./zip-archive.ts";

const D = 3;
const F = 8;
const read = (name: string): ReturnType<typeof readTorchFile> => readTorchFile(pthFixture(name));

describe("readTorchFile", () => {
  it("reads a bare state_dict", async () => {
    const { tensors, other } = await read("baseline");
    expect({ ...tensors }).toEqual({
      "encoder.0.weight": { shape: [F, D], data: ramp(0, F * D) },
      "encoder.0.bias": { shape: [F], data: ramp(10, F) },
      "decoder.weight": { shape: [D, F], data: ramp(20, D * F) },
      "decoder.bias": { shape: [D], data: ramp(60, D) },
    });
    expect(Object.keys(tensors)).toEqual(["encoder.0.weight", "encoder.0.bias", "decoder.weight", "decoder.bias"]);
    expect(other).toEqual({});
  });

  it.each(["training", "training_protocol_4"])(
    "reads %s: the state_dict, and numbers and strings beside it",
    async (name) => {
      const { tensors, other } = await read(name);
      expect({ ...tensors }).toEqual({
        "0.weight": { shape: [F, D], data: ramp(0, F * D) },
        "0.bias": { shape: [F], data: ramp(10, F) },
      });
      expect(other).toMatchObject({
        epoch: 3,
        "config.lr": 1e-4,
        "config.name": "run",
        "config.tied": false,
        "config.seed": 2 ** 40,
      });
      expect(other).not.toHaveProperty("config.none");
      expect(Object.keys(other).some((key) => key.startsWith("config.layers"))).toBe(false);
    },
  );

  it("converts every element type", async () => {
    const { tensors } = await read("dtypes_and_views");
    const floats = ramp(-1, 6);
    const expected: Record<string, HostData> = {
      f32: floats,
      f16: floats,
      bf16: floats,
      f64: floats,
      i64: Int32Array.of(-1, 2 ** 31 - 1),
      i32: Int32Array.of(-2, 5),
      i16: Int32Array.of(-3, 5),
      i8: Int32Array.of(-4, 5),
      u8: Uint8Array.of(4, 255),
      bool: Uint8Array.of(1, 0),
      scalar: Float32Array.of(2.5),
      empty: new Float32Array(0),
      parameter: ramp(5, 2),
    };
    for (const [name, data] of Object.entries(expected)) expect(tensors[name]!.data, name).toEqual(data);
    expect(tensors["f16"]!.shape).toEqual([2, 3]);
    expect(tensors["scalar"]!.shape).toEqual([]);
    expect(tensors["empty"]!.shape).toEqual([0, 3]);
  });

  it("lays views out row by row, and reads a tensor with two names once", async () => {
    const { tensors } = await read("dtypes_and_views");
    const square = ramp(0, 16);
    const pick = (...at: number[]): Float32Array => Float32Array.from(at, (i) => square[i]!);
    expect(tensors["transposed"]).toEqual({
      shape: [4, 4],
      data: pick(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
    });
    expect(tensors["column"]).toEqual({ shape: [4], data: pick(1, 5, 9, 13) });
    expect(tensors["every_other"]).toEqual({ shape: [3, 2], data: pick(4, 6, 8, 10, 12, 14) });
    expect(tensors["tied"]!.data).toBe(tensors["square"]!.data);
  });

  it("reads little endian files that say so, refuses big endian ones", async () => {
    expect((await read("little_endian")).tensors).toEqual((await read("baseline")).tensors);
    await expect(read("big_endian")).rejects.toThrow(/baseline\/byteorder is "big"; only little endian is read/);
  });

  it("runs nothing: refuses what the file wants to call by name", async () => {
    await expect(read("runs_code")).rejects.toThrow(FormatError);
    await expect(read("runs_code")).rejects.toThrow(
      /runs_code\.pth: baseline\/data\.pkl: opcode GLOBAL at byte \d+: global "posix\.system" is not allowed; allowed: collections\.OrderedDict, /,
    );
    await expect(stat("pwned")).rejects.toThrow(/ENOENT/);
  });

  it("refuses files that torch does not write like this, saying what to do", async () => {
    await expect(read("old_format")).rejects.toThrow(/torch before 1\.6 .*save it again with a newer torch/);
    await expect(read("compressed")).rejects.toThrow(/entry "baseline\/data\.pkl" .* is compressed/);
    await expect(read("expanded")).rejects.toThrow(
      /a tensor \[268435456\] with strides \[0\] .* in a storage of 1 numbers; save tensor\.contiguous\(\)/,
    );
    await expect(read("many_views")).rejects.toThrow(
      /its tensors together have more than 8 times the bytes of the file/,
    );
    await expect(read("wide_integer")).rejects.toThrow(
      /tensor "w": element 0 is 2147483648, outside the range of int32/,
    );
    await expect(read("absent")).rejects.toThrow(/absent\.pth: no such file; expected a file of torch\.save/);
    await expect(readTorchFile(pthFixture("make_pth").replace(/pth$/, "py"))).rejects.toThrow(/not a zip archive/);
  });

  it("notices damaged numbers", async () => {
    const bytes = await readFile(pthFixture("baseline"));
    const at = bytes.indexOf(Buffer.from(ramp(60, D).buffer));
    bytes[at]! ^= 1;
    await expect(readBytes(bytes)).rejects.toThrow(/entry "baseline\/data\/3" .* does not match its checksum/);
  });

  it("refuses archives whose directory lies: entries twice, sharing bytes, encrypted, without a pickle", async () => {
    const whole = await readFile(pthFixture("baseline"));
    const last = whole.lastIndexOf("PK\u0001\u0002");
    const changed = (change: (bytes: Buffer) => unknown): ReturnType<typeof readTorch> => {
      const bytes = Buffer.from(whole);
      change(bytes);
      return readBytes(bytes);
    };
    const rename = (from: string, to: string) => (bytes: Buffer) => {
      for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) bytes.write(to, at);
    };
    await expect(changed(rename("baseline/data/1", "baseline/data/0"))).rejects.toThrow(/"baseline\/data\/0" .* twice/);
    await expect(changed(rename("baseline/data/1", "baseline/data/7"))).rejects.toThrow(
      /tensor "encoder\.0\.bias": baseline\/data\/1 is missing; expected 32 for 8 numbers of F32/,
    );
    await expect(changed(rename("data.pkl", "data.pk_"))).rejects.toThrow(/with 0 of FOLDER\/data\.pkl/);
    const encrypted = (bytes: Buffer): void => {
      bytes.writeUInt16LE(1, last + 8);
      bytes.writeUInt32LE(2 + 12, last + 20); // encryption adds 12 bytes
    };
    await expect(changed(encrypted)).rejects.toThrow(/version" .* is encrypted/);
    const large = (bytes: Buffer): void => {
      for (const at of [20, 24]) bytes.writeUInt32LE(whole.length - 100, last + at);
    };
    await expect(changed(large)).rejects.toThrow(/version" .* with those before it is larger than the file/);
  });

  it("ends every truncation in a FormatError", async () => {
    for (const name of ["baseline", "little_endian"]) {
      const whole = await readFile(pthFixture(name));
      expect(await outcome(readBytes(whole))).toBe("read");
      for (let length = 0; length < whole.length; length++) {
        expect(await outcome(readBytes(whole.subarray(0, length)))).toBe("FormatError");
      }
    }
  });

  it("ends any damage in tensors or a FormatError", async () => {
    const wholes = await Promise.all(["baseline", "training"].map((name) => readFile(pthFixture(name))));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...wholes),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (whole, at, flip) => {
          const damaged = Buffer.from(whole);
          damaged[at % whole.length]! ^= flip;
          expect(["read", "FormatError"]).toContain(await outcome(readBytes(damaged)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("ends any damage in the pickle in tensors or a FormatError, checksums aside", async () => {
    for (const name of ["baseline", "dtypes_and_views", "training_protocol_4"]) {
      const file = inMemory(await readFile(pthFixture(name)));
      const archive = await openZip(file);
      const pickle = await archive.read(`${name}/data.pkl`);
      await fc.assert(
        fc.asyncProperty(fc.nat(pickle.length - 1), fc.nat(255), async (at, byte) => {
          const damaged = Uint8Array.from(pickle);
          damaged[at] = byte;
          const reading = readTorch(file, {
            ...archive,
            read: (entry) => (entry.endsWith("data.pkl") ? Promise.resolve(damaged) : archive.read(entry)),
          });
          expect(["read", "FormatError"]).toContain(await outcome(reading));
        }),
        { numRuns: 1000 },
      );
    }
  });
});

function inMemory(bytes: Uint8Array): OpenFile {
  return {
    path: "file.pth",
    bytes: bytes.length,
    read: (position, into) => {
      if (position + into.length > bytes.length) throw new FormatError("file.pth", "ends early");
      into.set(bytes.subarray(position, position + into.length));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

async function readBytes(bytes: Uint8Array): ReturnType<typeof readTorch> {
  const file = inMemory(bytes);
  return readTorch(file, await openZip(file));
}

/** `read`, or the name of the error. */
function outcome(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => "read",
    (error: unknown) => (error as Error).name,
  );
}
