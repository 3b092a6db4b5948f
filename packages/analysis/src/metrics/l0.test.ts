import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { l0 } from "./l0.ts";

const tokens: Token[] = [
  { x: [0], latents: { 1: 0.5, 4: 2 } },
  { x: [0], latents: {} },
  { x: [0], latents: { 0: 1, 1: -1, 7: 3 } },
  { x: [0], latents: { 2: 1, 5: 1 } },
];

describe("l0", () => {
  it("counts non-zero latents per token", () => {
    expect(measure(l0(), tokens, [1])).toEqual({ mean: 7 / 4, histogram: Float64Array.of(1, 0, 2, 1), tokens: 4 });
  });

  it("does not count stored zeros", () => {
    expect(measure(l0(), [{ x: [0], latents: { 3: 0, 5: 1 } }]).mean).toBe(1);
  });

  it("is 0 when nothing fires", () => {
    expect(measure(l0(), [{ x: [0] }])).toEqual({ mean: 0, histogram: Float64Array.of(1), tokens: 1 });
  });

  it("is undefined without tokens", () => {
    expect(() => l0().start({ dIn: 1, dSae: 1 }).finish()).toThrow("no tokens");
  });
});
