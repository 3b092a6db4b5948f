import { decodeFloats, roundToF16, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { encodeF16 } from "./encode-f16.ts";

const decoded = (halves: Uint16Array): Float32Array => decodeFloats(new Uint8Array(halves.buffer), "F16");

describe("encodeF16", () => {
  it("gives back the bits of every number that float16 has", () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const back = new Uint16Array(65536);
    expect(encodeF16(decoded(halves), back)).toBeUndefined();
    const isNaN = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
    expect(halves.findIndex((bits) => (isNaN(bits) ? !isNaN(back[bits]!) : back[bits] !== bits))).toBe(-1);
  });

  it("rounds half to even between all neighbours, and to the nearer one beside the middle", () => {
    // Positive finite halves 0..0x7bfe and the next one: their middle is exact in float32.
    const lower = Uint16Array.from({ length: 0x7bff }, (_, bits) => bits);
    const upper = lower.map((bits) => bits + 1);
    const above = decoded(upper);
    const middle = decoded(lower).map((low, i) => (low + above[i]!) / 2);
    const bits = new Uint32Array(middle.buffer);
    const wrong = (values: Float32Array, expected: Uint16Array): number => {
      const out = new Uint16Array(values.length);
      encodeF16(values, out);
      return out.findIndex((half, i) => half !== expected[i]);
    };
    expect(
      wrong(
        middle,
        lower.map((half) => half + (half & 1)),
      ),
    ).toBe(-1);
    expect(wrong(new Float32Array(bits.map((b) => b - 1).buffer), lower)).toBe(-1);
    expect(wrong(new Float32Array(bits.map((b) => b + 1).buffer), upper)).toBe(-1);
  });

  it("agrees with the runtime's rounding on any float32", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const out = new Uint16Array(1);
        const overflow = encodeF16(Float32Array.of(value), out);
        expect(Object.is(decoded(out)[0], roundToF16(value))).toBe(true);
        expect(overflow).toBe(Number.isFinite(value) && !Number.isFinite(roundToF16(value)) ? 0 : undefined);
      }),
    );
  });

  it("tells the first finite value that becomes infinite", () => {
    const out = new Uint16Array(5);
    expect(encodeF16(Float32Array.of(1, Infinity, 65519.99, -65520, 1e30), out)).toBe(3);
    expect([...decoded(out)]).toEqual([1, Infinity, 65504, -Infinity, Infinity]);
  });

  it("works on views at any place of their buffers, and refuses arrays of other lengths", () => {
    const out = new Uint16Array(4).subarray(1, 3);
    encodeF16(Float32Array.of(9, 1, -2, 9).subarray(1, 3), out);
    expect([...out]).toEqual([0x3c00, 0xc000]);
    expect(() => encodeF16(new Float32Array(2), new Uint16Array(3))).toThrow(UsageError);
  });
});
