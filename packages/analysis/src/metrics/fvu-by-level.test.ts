import { describe, expect, it } from "vitest";
import type { Latents } from "@qsae/runtime";
import { measure, type Token } from "./batches.fixture.ts";
import { fvuByLevel } from "./fvu-by-level.ts";
import { fvu } from "./fvu.ts";

/** Each level adds one latent of weight one to the reconstruction of a one-dimensional x. */
const nested = {
  levels: 2,
  decode: ({ offsets, indices, values }: Latents, { levels = 2 } = {}): Float32Array =>
    Float32Array.from({ length: offsets.length - 1 }, (_, i) => {
      let sum = 0;
      for (let e = offsets[i]!; e < offsets[i + 1]!; e++) if (indices[e]! < levels) sum += values[e]!;
      return sum;
    }),
};

const tokens: Token[] = [
  { x: [1], reconstruction: [1], latents: { 0: 1 } },
  { x: [3], reconstruction: [2.5], latents: { 0: 2, 1: 0.5 } },
];

describe("fvuByLevel", () => {
  it("measures every prefix of levels, the last like fvu", () => {
    const byLevel = measure(fvuByLevel(nested), tokens, [1]);
    expect(byLevel).toEqual([1 / 2, 0.25 / 2]);
    expect(byLevel.at(-1)).toBe(measure(fvu(), tokens));
  });

  it("measures against the target where there is one", () => {
    const transcoded = tokens.map((token): Token => ({ ...token, x: [7], target: token.x }));
    expect(measure(fvuByLevel(nested), transcoded)).toEqual(measure(fvuByLevel(nested), tokens));
  });

  it("is undefined without variance", () => {
    expect(() => measure(fvuByLevel(nested), tokens.slice(0, 1))).toThrow("zero variance");
  });
});
