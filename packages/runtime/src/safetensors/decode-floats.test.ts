import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { decodeFloats, isFloatDtype, type FloatDtype } from "./decode-floats.ts";

const bytesOf = (array: { buffer: ArrayBufferLike }) => new Uint8Array(array.buffer);

describe("decodeFloats", () => {
  it("reads bfloat16 as the upper half of a float32", () => {
    const halves = Uint16Array.of(
      0x0000,
      0x8000,
      0x0001,
      0x007f,
      0x0080,
      0x3f80,
      0xc000,
      0x3eab,
      0x7f7f,
      0x7f80,
      0xff80,
      0x7fc0,
    );
    expect([...decodeFloats(bytesOf(halves), "BF16")]).toEqual([
      0,
      -0,
      2 ** -133, // smallest subnormal
      127 * 2 ** -133,
      2 ** -126,
      1,
      -2,
      0.333984375,
      255 * 2 ** 120, // largest finite
      Infinity,
      -Infinity,
      NaN,
    ]);
  });

  it("reads binary16", () => {
    const halves = Uint16Array.of(0x3c00, 0x0001, 0xfc00, 0x7e00, 0x8000);
    expect([...decodeFloats(bytesOf(halves), "F16")]).toEqual([1, 2 ** -24, -Infinity, NaN, -0]);
  });

  it("rounds float64 to float32", () => {
    expect([...decodeFloats(bytesOf(Float64Array.of(0.1, -1e-320, NaN, 1e300)), "F64")]).toEqual([
      Math.fround(0.1),
      -0,
      NaN,
      Infinity,
    ]);
  });

  it("reads the same from every alignment, also into a part of a larger array", () => {
    const values = Float64Array.of(1.5, -2.25, 0.1, 7);
    const floats = Float32Array.from(values);
    const encoded: Record<FloatDtype, Uint8Array> = {
      F64: bytesOf(values),
      F32: bytesOf(floats),
      F16: bytesOf(Uint16Array.of(0x3e00, 0xc080, 0x2e66, 0x4700)),
      BF16: bytesOf(Uint16Array.of(0x3fc0, 0xc010, 0x3dcd, 0x40e0)),
    };
    fc.assert(
      fc.property(fc.constantFrom<FloatDtype>("F64", "F32", "F16", "BF16"), fc.nat(9), (dtype, shift) => {
        const bytes = encoded[dtype];
        const moved = new Uint8Array(bytes.length + shift + 3);
        moved.set(bytes, shift);
        const larger = new Float32Array(8).fill(9);
        const out = larger.subarray(3, 7);
        expect(decodeFloats(moved.subarray(shift, shift + bytes.length), dtype, out)).toBe(out);
        expect(out).toEqual(decodeFloats(bytes, dtype));
        expect([larger[2], larger[7]]).toEqual([9, 9]);
        out.forEach((value, i) => expect(value).toBeCloseTo(floats[i]!, dtype === "BF16" ? 3 : 4));
      }),
    );
  });

  it("reads Node's Buffers, whose slices share memory, from every alignment", () => {
    const floats = Float32Array.of(1.5, -2);
    const buffer = Buffer.alloc(16);
    Buffer.from(floats.buffer).copy(buffer, 1);
    expect(decodeFloats(buffer.subarray(1, 9), "F32")).toEqual(floats);
  });

  it("refuses a fraction of an element and an output of another length", () => {
    expect(() => decodeFloats(new Uint8Array(5), "F16")).toThrow(
      new UsageError("decodeFloats: 5 bytes are no whole number of F16 (2 bytes each)"),
    );
    expect(() => decodeFloats(new Uint8Array(8), "F32", new Float32Array(3))).toThrow(
      "out has 3 elements; 8 bytes of F32 need 2",
    );
  });

  it("tells float types from others", () => {
    expect(["F64", "F32", "F16", "BF16", "I32", "F8_E5M2"].filter(isFloatDtype)).toEqual(["F64", "F32", "F16", "BF16"]);
  });
});
