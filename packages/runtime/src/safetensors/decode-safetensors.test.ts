import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedData } from "../../test/shared-data.ts";
import { FormatError, QsaeError } from "../errors.ts";
import { elementCount, type HostTensor } from "../host-tensor.ts";
import { decodeSafetensors, decodeSafetensorsData } from "./decode-safetensors.ts";
import { encodeSafetensors, type TensorToWrite } from "./encode-safetensors.ts";
import { parseSafetensorsHeader } from "./header.ts";

const small = () =>
  encodeSafetensors(
    {
      w: { shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-5, 0) },
      h: { shape: [3], data: Float32Array.of(1, 2 ** -24, -65504), dtype: "F16" },
      i: { shape: [], data: Int32Array.of(-7) },
      s: { shape: [4], data: Int32Array.of(1, -1, -128, 127), dtype: "I8" },
      u: { shape: [1, 3], data: Uint8Array.of(0, 128, 255) },
      t: { shape: [2], data: Uint8Array.of(0, 1), dtype: "BOOL" },
      empty: { shape: [0, 5], data: new Float32Array() },
    },
    { note: "small" },
  );

describe("decodeSafetensors", () => {
  it("returns what was encoded", () => {
    const { tensors, metadata } = decodeSafetensors(small(), "small");
    expect(metadata).toEqual({ note: "small" });
    expect(tensors).toEqual({
      w: { shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-5, 0) },
      h: { shape: [3], data: Float32Array.of(1, 2 ** -24, -65504) },
      i: { shape: [], data: Int32Array.of(-7) },
      s: { shape: [4], data: Int32Array.of(1, -1, -128, 127) },
      u: { shape: [1, 3], data: Uint8Array.of(0, 128, 255) },
      t: { shape: [2], data: Uint8Array.of(0, 1) },
      empty: { shape: [0, 5], data: new Float32Array() },
    });
    expect(tensors["constructor"]).toBeUndefined();
  });

  it("reads from any place in a larger buffer, and copies", () => {
    const file = small();
    for (let shift = 0; shift < 8; shift++) {
      const larger = new Uint8Array(file.length + shift);
      larger.set(file, shift);
      const { tensors } = decodeSafetensors(larger.subarray(shift), "shifted");
      larger.fill(0xff);
      expect(tensors).toEqual(decodeSafetensors(file, "small").tensors);
    }
  });

  it("round trips any tensors", () => {
    const floats = fc.float32Array({ maxLength: 20 }).map((data) => ({ shape: [data.length], data }));
    const ints = fc.int32Array({ maxLength: 20 }).map((data) => ({ shape: [1, data.length], data }));
    const bytes = fc.uint8Array({ maxLength: 20 }).map((data) => ({ shape: [data.length, 1], data }));
    const name = fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => !text.startsWith("__"));
    const tensors = fc.dictionary(name, fc.oneof<fc.Arbitrary<HostTensor>[]>(floats, ints, bytes), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(tensors, fc.dictionary(name, fc.string(), { noNullPrototype: true }), (written, metadata) => {
        const read = decodeSafetensors(encodeSafetensors(written, metadata), "x");
        expect(read.tensors).toEqual(written);
        expect(read.metadata).toEqual(metadata);
      }),
    );
  });
});

describe("decodeSafetensorsData", () => {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

  it.each([
    ["I64", BigInt64Array.of(0n, -1n, 2147483647n, -2147483648n), [0, -1, 2147483647, -2147483648]],
    ["U64", BigUint64Array.of(0n, 2147483647n), [0, 2147483647]],
    ["U32", Uint32Array.of(0, 2147483647), [0, 2147483647]],
    ["I32", Int32Array.of(0, -5, 2147483647), [0, -5, 2147483647]],
    ["I16", Int16Array.of(-32768, 32767), [-32768, 32767]],
    ["U16", Uint16Array.of(0, 65535), [0, 65535]],
    ["I8", Int8Array.of(-128, 127), [-128, 127]],
  ] as const)("reads %s as int32", (dtype, data, ints) => {
    expect(decodeSafetensorsData(bytesOf(data), dtype, "t")).toEqual(Int32Array.from(ints));
  });

  it.each([
    ["I64", BigInt64Array.of(1n, 2147483648n), "element 1 is 2147483648, outside the range of int32"],
    ["I64", BigInt64Array.of(-2147483649n), "element 0 is -2147483649"],
    ["U64", BigUint64Array.of(2n ** 64n - 1n), "element 0 is 18446744073709551615"],
    ["U32", Uint32Array.of(2147483648), "element 0 is 2147483648"],
    ["F8_E5M2", Uint8Array.of(1), "is F8_E5M2, which is not read"],
  ] as const)("refuses %s that int32 cannot hold", (dtype, data, message) => {
    expect(() => decodeSafetensorsData(bytesOf(data), dtype, "t")).toThrow(FormatError);
    expect(() => decodeSafetensorsData(bytesOf(data), dtype, "t")).toThrow(message);
  });
});

describe("a damaged file", () => {
  const onlyTypedErrors = (bytes: Uint8Array): void => {
    try {
      decodeSafetensors(bytes, "damaged");
    } catch (error) {
      expect(error).toBeInstanceOf(QsaeError);
    }
  };

  it("is refused at every length it may be cut to", () => {
    const file = small();
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.slice(0, length), "cut")).toThrow(FormatError);
    }
  });

  it("never raises anything but typed errors under byte flips", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        (flips) => {
          const file = small();
          for (const [at, bits] of flips) file[at % file.length]! ^= bits;
          onlyTypedErrors(file);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("encodeSafetensors", () => {
  it("writes the same bytes whatever the order of names", () => {
    const a = { shape: [1], data: Float32Array.of(1) };
    const b = { shape: [1], data: Uint8Array.of(2) };
    expect(encodeSafetensors({ a, b, 1: a }, { x: "1", y: "2" })).toEqual(
      encodeSafetensors({ b, 1: a, a }, { y: "2", x: "1" }),
    );
  });

  it("aligns the data and every tensor", () => {
    const file = small();
    const { entries, headerBytes } = parseSafetensorsHeader(file, file.length, "small");
    expect(headerBytes % 8).toBe(0);
    expect([...entries].map(([name]) => name)).toEqual(["empty", "i", "w", "h", "s", "t", "u"]);
    for (const [, { dtype, begin }] of entries)
      expect(begin % ({ F32: 4, I32: 4, F16: 2 }[dtype as string] ?? 1)).toBe(0);
  });

  it.each<[string, TensorToWrite, string]>([
    ["t", { shape: [2], data: Float32Array.of(1) }, 'tensor "t" has shape [2] but 1 elements'],
    ["t", { shape: [-1, -1], data: Float32Array.of(1) }, "has shape [-1, -1]"],
    ["t", { shape: [1], data: Float32Array.of(1), dtype: "I8" }, "cannot be written as I8; its data can be F32 or F16"],
    ["t", { shape: [2], data: Float32Array.of(0, 65520), dtype: "F16" }, "does not fit F16: element 1 is 65520"],
    ["t", { shape: [1], data: Int32Array.of(128), dtype: "I8" }, "does not fit I8: element 0 is 128"],
    ["t", { shape: [1], data: Uint8Array.of(2), dtype: "BOOL" }, "does not fit BOOL: element 0 is 2"],
    ["__metadata__", { shape: [1], data: Uint8Array.of(2) }, "has a name that the format does not allow"],
  ])("refuses tensor %s %o", (name, tensor, message) => {
    expect(() => encodeSafetensors({ [name]: tensor })).toThrow(message);
  });
});

describe("files of other writers", () => {
  const golden = fileURLToPath(new URL("../../../../examples/tiny-lm/onnx-check.safetensors", import.meta.url));

  it("reads the shipped check file (PyTorch's writer): int64 tokens and float32 logits", () => {
    const { tensors, metadata } = decodeSafetensors(readFileSync(golden), golden);
    expect(metadata["note"]).toContain("torch float32");
    expect(tensors["input_ids"]!.data).toBeInstanceOf(Int32Array);
    expect(tensors["logits"]!.shape).toEqual([2, 64, 1024]);
    for (const { data } of Object.values(tensors)) expect(data.every(Number.isFinite)).toBe(true);
  });

  const f16File = sharedData("gpt", "gpt_heldout20k.f16.safetensors");
  it.skipIf(f16File === undefined)("reads 20,000 float16 activations: finite, float16 numbers, of unit scale", () => {
    const { tensors } = decodeSafetensors(readFileSync(f16File!), f16File!);
    const { shape, data } = tensors["activations"]!;
    expect(shape).toEqual([20000, 256]);
    expect(elementCount(shape)).toBe(data.length);
    let squares = 0;
    for (const value of data) squares += value * value;
    expect(Math.sqrt(squares / data.length)).toBeGreaterThan(0.1);
    expect(Math.sqrt(squares / data.length)).toBeLessThan(100);
    expect(tensors["tokens"]!.data).toBeInstanceOf(Int32Array);
  });
});
