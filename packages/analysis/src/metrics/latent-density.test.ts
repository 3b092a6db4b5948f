import { UsageError } from "@qsae/runtime";
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

  it("refuses a threshold that is no fraction", () => {
    for (const denseAbove of [-0.1, 1.5, NaN]) expect(() => latentDensity({ denseAbove })).toThrow(UsageError);
  });

  it("is undefined without tokens", () => {
    expect(() => latentDensity().start({ dIn: 1, dSae: 1 }).finish()).toThrow("no tokens");
  });
});
