import { describe, expect, it } from "vitest";
import type { Latents } from "@qsae/runtime";
import { supportOverlap } from "./support-overlap.ts";

const firing = (...tokens: readonly (readonly number[])[]): Latents => ({
  dSae: 8,
  offsets: Int32Array.from([0, ...tokens.map((_, t) => tokens.slice(0, t + 1).flat().length)]),
  indices: Int32Array.from(tokens.flat()),
  values: new Float32Array(tokens.flat().length).fill(1),
});

describe("supportOverlap", () => {
  it("is 1 for equal sets, whatever the values", () => {
    const a = firing([0, 3], [1, 2]);
    const b = { ...a, values: a.values.map((z) => z * 5) };
    expect(supportOverlap(a, b)).toEqual({ overlap: 1, changedTokens: 0 });
  });
  it("counts what both share, and the tokens that changed", () => {
    expect(supportOverlap(firing([0, 3], [1, 2]), firing([0, 4], [1, 2]))).toEqual({
      overlap: 0.75,
      changedTokens: 0.5,
    });
  });
  it("takes sets of different sizes", () => {
    expect(supportOverlap(firing([0, 1, 2]), firing([1]))).toEqual({ overlap: 0.5, changedTokens: 1 });
    expect(supportOverlap(firing([]), firing([5]))).toEqual({ overlap: 0, changedTokens: 1 });
  });
  it("is 1 where nothing fires", () => {
    expect(supportOverlap(firing([]), firing([]))).toEqual({ overlap: 1, changedTokens: 0 });
  });
  it("refuses other tokens", () => {
    expect(() => supportOverlap(firing([0]), firing([0], [1]))).toThrow("1 tokens of 8 latents against 2 of 8");
  });
});
