import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import {
  bitsPerCode,
  InvalidCodesError,
  packCodes,
  packedRowBytes,
  unpackCodes,
  type CodeRange,
} from "./bit-packing.ts";

describe("bitsPerCode and packedRowBytes", () => {
  it.each([
    [2, 1, 2],
    [3, 1.6, 2],
    [4, 2, 3],
    [5, 3, 4],
    [8, 3, 4],
    [9, 4, 5],
    [16, 4, 5],
    [17, 5, 6],
    [32, 5, 6],
    [33, 6, 7],
    [65, 7, 8],
    [128, 7, 8],
    [129, 8, 9],
    [256, 8, 9],
  ])("%d levels take %d bits; 9 columns %d bytes", (levels, bits, bytes) => {
    expect(bitsPerCode(levels)).toBe(bits);
    expect(packedRowBytes(9, levels)).toBe(bytes);
  });
});

describe("packCodes", () => {
  it.each<[string, number[], number, number, CodeRange, number[]]>([
    ["bits from the lowest", [0, 1, 1, 0, 0, 0, 0, 1, 1], 1, 9, [0, 1], [0b1000_0110, 1]],
    ["a byte per row at least", [1, 0, 0, 1], 2, 2, [0, 1], [1, 2]],
    ["five trits a byte, lowest first", [-1, 0, 1, 1, 1, 0], 1, 6, [-1, 1], [0 + 1 * 3 + 2 * 9 + 2 * 27 + 2 * 81, 1]],
    ["two bits", [-2, -1, 0, 1], 1, 4, [-2, 1], [0b11_10_01_00]],
    ["three bits across a byte border", [7, 0, 5], 1, 3, [0, 7], [0b01_000_111, 0b1]],
    ["whole bytes", [-128, 127], 1, 2, [-128, 127], [0, 255]],
  ])("packs %s", (_, codes, rows, cols, range, bytes) => {
    expect([...packCodes(codes, rows, cols, range)]).toEqual(bytes);
  });

  it("loses nothing, at any range, shape and code", () => {
    const matrices = fc
      .record({
        min: fc.integer({ min: -300, max: 300 }),
        levels: fc.integer({ min: 2, max: 256 }),
        rows: fc.nat(4),
        cols: fc.nat(21),
      })
      .chain(({ min, levels, rows, cols }) => {
        const max = min + levels - 1;
        const codes = fc.array(fc.integer({ min, max }), { minLength: rows * cols, maxLength: rows * cols });
        return codes.map((array) => ({ range: [min, max] as const, levels, rows, cols, codes: array }));
      });
    fc.assert(
      fc.property(matrices, ({ range, levels, rows, cols, codes }) => {
        const packed = packCodes(codes, rows, cols, range);
        expect(packed.length).toBe(rows * packedRowBytes(cols, levels));
        expect([...unpackCodes(packed, rows, cols, range)]).toEqual(codes);
      }),
      { numRuns: 500 },
    );
  });

  it("is lossless for every number of levels and odd widths", () => {
    for (let levels = 2; levels <= 256; levels++) {
      const range = [-(levels >> 1), levels - 1 - (levels >> 1)] as const;
      const codes = Int16Array.from({ length: 3 * 257 }, (_, i) => range[0] + (i % levels));
      expect(unpackCodes(packCodes(codes, 3, 257, range), 3, 257, range)).toEqual(codes);
    }
  });

  // One number of levels that fills its bits and one that does not, for every width that a file can have.
  it.each([2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 256])(
    "loses nothing at %d levels, whatever the length of the rows",
    (levels) => {
      const range = [0, levels - 1] as const;
      const digits = fc.integer({ min: 0, max: levels - 1 });
      for (let cols = 1; cols <= 34; cols++) {
        fc.assert(
          fc.property(fc.array(digits, { minLength: 3 * cols, maxLength: 3 * cols }), (codes) => {
            expect([...unpackCodes(packCodes(codes, 3, cols, range), 3, cols, range)]).toEqual(codes);
          }),
          { numRuns: 8 },
        );
      }
    },
  );

  it("puts bit i of code c at bit c * bits + i of the row, or trit c at place c mod 5 of byte c / 5", () => {
    const rows = fc.integer({ min: 2, max: 256 }).chain((levels) =>
      fc.record({
        levels: fc.constant(levels),
        codes: fc.array(fc.integer({ min: 0, max: levels - 1 }), { minLength: 1, maxLength: 24 }),
      }),
    );
    fc.assert(
      fc.property(rows, ({ levels, codes }) => {
        const packed = packCodes(codes, 1, codes.length, [0, levels - 1]);
        const bits = bitsPerCode(levels);
        const read = (c: number): number => {
          if (levels === 3) return Math.floor(packed[Math.floor(c / 5)]! / 3 ** (c % 5)) % 3;
          const bit = (at: number): number => (packed[at >> 3]! >> (at & 7)) & 1;
          return Array.from({ length: bits }, (_, i) => bit(c * bits + i) << i).reduce((sum, part) => sum + part);
        };
        expect(codes.map((_, c) => read(c))).toEqual(codes);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[ArrayLike<number>, number, number, CodeRange, string]>([
    [[0, 1, 0, 2], 2, 2, [0, 1], "packCodes: row 1, column 1: 2 is no integer in 0..1"],
    [[0, -2, 0], 1, 3, [-1, 1], "packCodes: row 0, column 1: -2 is no integer in -1..1"],
    [Float32Array.of(0.5), 1, 1, [0, 1], "row 0, column 0: 0.5 is no integer"],
    [[NaN], 1, 1, [0, 1], "row 0, column 0: NaN is no integer"],
    [[0, 1], 1, 3, [0, 1], "2 codes given for [1, 3], which is 3"],
    [[0], 1, 1, [0, 0], "codes [0, 0]: expected integers min < max"],
    [[0], 1, 1, [0, 256], "at most 256 levels"],
    [[0], 1, 1, [0, 0.5], "expected integers"],
    [[0], 1, 1, [32767, 32768], "within +-32767"],
  ])("refuses codes %o of [%d, %d] in %o", (codes, rows, cols, range, message) => {
    expect(() => packCodes(codes, rows, cols, range)).toThrow(UsageError);
    expect(() => packCodes(codes, rows, cols, range)).toThrow(message);
  });
});

describe("unpackCodes", () => {
  it.each<[string, number[], number, number, CodeRange, string]>([
    ["a trit byte over 242", [1, 243], 2, 5, [-1, 1], "row 1 holds bytes that are no codes in -1..1"],
    ["a trit beyond the row", [9], 1, 2, [-1, 1], "row 0 holds bytes"],
    ["a code over the largest", [0, 6], 2, 1, [0, 5], "row 1 holds bytes that are no codes in 0..5"],
    ["bits beyond the row", [0b10], 1, 1, [0, 1], "row 0 holds bytes"],
    ["bytes missing", [0], 2, 1, [0, 1], "[2, 1] codes 0..1 take 2 bytes, not 1"],
    ["bytes left over", [0, 0, 0], 2, 1, [0, 1], "[2, 1] codes 0..1 take 2 bytes, not 3"],
  ])("refuses %s", (_, bytes, rows, cols, range, message) => {
    expect(() => unpackCodes(Uint8Array.from(bytes), rows, cols, range)).toThrow(InvalidCodesError);
    expect(() => unpackCodes(Uint8Array.from(bytes), rows, cols, range)).toThrow(message);
  });

  it("takes exactly the bytes that packCodes makes: what it accepts packs to the same bytes", () => {
    const ranges = fc.constantFrom<CodeRange>(
      [0, 1],
      [-1, 1],
      [-2, 1],
      [0, 4],
      [-3, 3],
      [-4, 3],
      [0, 10],
      [-8, 7],
      [-15, 15],
      [-16, 15],
      [-31, 31],
      [-32, 31],
      [-63, 63],
      [-64, 63],
      [-100, 100],
      [-128, 127],
    );
    fc.assert(
      fc.property(
        ranges,
        fc.integer({ min: 1, max: 19 }),
        fc.uint8Array({ minLength: 19, maxLength: 19 }),
        (range, cols, bytes) => {
          const packed = bytes.subarray(0, packedRowBytes(cols, range[1] - range[0] + 1));
          let codes: Int16Array;
          try {
            codes = unpackCodes(packed, 1, cols, range);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidCodesError);
            return;
          }
          expect(packCodes(codes, 1, cols, range)).toEqual(packed);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
