import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { latentDensity } from "./latent-density.ts";

const tokens: Token[] = [
  { x: [0], latents: { 0: 1, 1: 0.1 } },
  { x: [0], latents: { 1: -2 } },
  { x: [0], latents: { 1: 3, 2: 0 } },
  { x: [0], latents: { 1: 3, 3: 1 } },
];

describe("latentDensity", () => {
  it("counts the tokens each latent fires on; dead and dense follow, with their N and threshold", () => {
    const result = measure(latentDensity({ denseAbove: 0.5 }), tokens, [1, 3], 4);
    expect([...result.counts]).toEqual([1, 4, 0, 1]);
    expect(result).toMatchObject({ tokens: 4, dead: 1, dense: [1], denseAbove: 0.5 });
  });

  it("takes 0.1 as threshold, exclusive", () => {
    const ten: Token[] = Array.from({ length: 10 }, (_, i) => ({ x: [0], latents: i < 2 ? { 0: 1, [1 + i]: 1 } : {} }));
    expect(measure(latentDensity(), ten, [], 3)).toMatchObject({ dense: [0], denseAbove: 0.1, dead: 0 });
  });

  it("bins log10 of the density of living latents in quarter decades", () => {
    const hundred: Token[] = Array.from({ length: 100 }, (_, i) => ({
      x: [0],
      latents: { 0: 1, ...(i < 10 && { 1: 1 }), ...(i < 1 && { 2: 1 }) },
    }));
    const { log10Histogram, dead } = measure(latentDensity(), hundred, [], 4);
    expect(log10Histogram.edges[0]).toBe(-2);
    expect(log10Histogram.edges.at(-1)).toBe(0);
    expect(log10Histogram.counts).toEqual([1, 0, 0, 0, 1, 0, 0, 1]); // densities 0.01, 0.1, 1
    expect(log10Histogram.outside).toBe(0);
    expect(dead).toBe(1);
  });

  it("loses no latent: living ones are in the histogram, the others are dead", () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.nat(7)), { minLength: 1, maxLength: 200 }), (fired) => {
        const all = fired.map((latents): Token => ({
          x: [0],
          latents: Object.fromEntries(latents.map((j) => [j, 1])),
        }));
        const { log10Histogram, dead } = measure(latentDensity(), all, [], 8);
        expect(log10Histogram.counts.reduce((sum, count) => sum + count, dead)).toBe(8);
      }),
    );
  });

  it("refuses a threshold that is no fraction", () => {
    for (const denseAbove of [-0.1, 1.5, NaN]) expect(() => latentDensity({ denseAbove })).toThrow(UsageError);
  });

  it("is undefined without tokens", () => {
    expect(() => latentDensity().start({ dIn: 1, dSae: 1 }).finish()).toThrow("no tokens");
  });
});
