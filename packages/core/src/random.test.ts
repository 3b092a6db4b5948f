import { describe, expect, it } from "vitest";
import { mixSeeds, normals, permutation, seededRandom } from "./random.ts";

describe("seeded randomness", () => {
  it("repeats for a seed and differs for another", () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return [random(), random(), random()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
  it("is the published sequence", () => {
    // mulberry32 with seed 0, first value times 2^32
    expect(Math.round(seededRandom(0)() * 2 ** 32)).toBe(1144304738);
  });
  it("permutes", () => {
    expect([...permutation(50, 3)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...permutation(50, 3)]).not.toEqual([...permutation(50, 4)]);
  });
  it("has the mean and deviation of a normal distribution", () => {
    const x = normals(100_001, 2, 1);
    const mean = x.reduce((s, v) => s + v, 0) / x.length;
    const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(Math.sqrt(variance) - 2)).toBeLessThan(0.02);
  });
  it("mixes neighbouring seeds apart", () => {
    const mixed = Array.from({ length: 1000 }, (_, i) => mixSeeds(7, i));
    expect(new Set(mixed).size).toBe(1000);
    expect(mixSeeds(1, 2)).not.toBe(mixSeeds(2, 1));
  });
});
