import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { levelsOf } from "./level-sizes.ts";

const sizes = (dSae: number, count: number): number[] => levelsOf("v", dSae, count).map(({ size }) => size);

describe("levelsOf", () => {
  it("doubles from the second level on", () => {
    expect(sizes(1024, 4)).toEqual([128, 128, 256, 512]);
    expect(sizes(10, 1)).toEqual([10]);
  });
  it("gives the last level what rounding leaves, and no level nothing", () => {
    expect(sizes(5, 4)).toEqual([1, 1, 1, 2]);
  });
  it("covers all latents without a gap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 5000 }), (count, extra) => {
        const dSae = 2 ** (count - 1) + extra;
        const levels = levelsOf("v", dSae, count);
        let end = 0;
        for (const { begin, size } of levels) {
          expect(begin).toBe(end);
          expect(size).toBeGreaterThan(0);
          end += size;
        }
        expect(end).toBe(dSae);
      }),
    );
  });
  it("refuses fewer latents than levels", () => {
    expect(() => levelsOf("v", 3, 4)).toThrow("variant v: d_sae=3 is too small for n_bits=4 levels");
  });
});
