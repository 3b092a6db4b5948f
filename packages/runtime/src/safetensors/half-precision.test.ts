import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { f16Bits, f16ToF32BitsTable, roundToF16 } from "./half-precision.ts";

const floatOf = (half: number) => new Float32Array(Uint32Array.of(f16ToF32BitsTable()[half]!).buffer)[0]!;

describe("binary16", () => {
  // IEEE 754-2019 table 3.5 and section 3.4, by hand.
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x8001, -(2 ** -24)],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3bff, 0.99951171875],
    [0x3c00, 1],
    [0x3c01, 1.0009765625],
    [0xc000, -2],
    [0x7bff, 65504],
    [0xfbff, -65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
    [0x7c01, NaN],
    [0xffff, NaN],
  ])("reads %s as %s", (half, value) => {
    expect(floatOf(half)).toBe(value);
  });

  it("keeps the payload of a NaN", () => {
    expect(f16ToF32BitsTable()[0xfe01]).toBe(0xffc02000);
  });

  it("writes every number that it reads back to the same bits", () => {
    for (let half = 0; half < 65536; half++) {
      const value = floatOf(half);
      if (Number.isNaN(value)) expect(f16Bits(value)).toBe(0x7e00);
      else if (f16Bits(value) !== half || !Object.is(roundToF16(value), value)) expect.fail(`${half} -> ${value}`);
    }
  });

  it.each([
    [2 ** -25, 0], // a tie goes to the even neighbour
    [2 ** -25 * 1.0001, 2 ** -24],
    [-(2 ** -26), -0],
    [3 * 2 ** -25, 2 ** -23],
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [1 - 2 ** -30, 1],
    [65519.99, 65504],
    [65520, Infinity],
    [-1e300, -Infinity],
    [NaN, NaN],
  ])("rounds %s to %s", (value, rounded) => {
    expect(roundToF16(value)).toBe(rounded);
  });

  it("rounds to the nearest of the two neighbours, whatever the double", () => {
    fc.assert(
      fc.property(fc.double({ min: -65519, max: 65519, noNaN: true }), (value) => {
        const half = f16Bits(roundToF16(value));
        const distance = Math.abs(floatOf(half) - value);
        for (const neighbour of [half - 1, half + 1]) {
          const other = floatOf(neighbour & 0xffff);
          if (Number.isFinite(other)) expect(Math.abs(other - value)).toBeGreaterThanOrEqual(distance);
        }
      }),
    );
  });
});
