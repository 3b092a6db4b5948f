import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weightedDraw } from "./weighted-draw.ts";

describe("weightedDraw", () => {
  it("draws different entries of positive weight, as many as asked where there are so many", () => {
    const weights = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e9, noNaN: true })));
    fc.assert(
      fc.property(weights, fc.nat(20), fc.nat(), (w, count, seed) => {
        const drawn = weightedDraw(w, count, seed);
        expect(new Set(drawn).size).toBe(drawn.length);
        expect(drawn.length).toBe(Math.min(count, w.filter((weight) => weight > 0).length));
        for (const i of drawn) expect(w[i]).toBeGreaterThan(0);
        expect(weightedDraw(w, count, seed)).toEqual(drawn);
      }),
    );
  });

  it("draws first with probability in proportion to weight", () => {
    const counts = [0, 0, 0];
    for (let seed = 0; seed < 6000; seed++) counts[weightedDraw([1, 2, 3], 1, seed)[0]!]!++;
    // five standard deviations of a binomial share of 6000
    counts.forEach((count, i) => expect(Math.abs(count - 1000 * (i + 1))).toBeLessThan(5 * Math.sqrt(1500)));
  });
});
