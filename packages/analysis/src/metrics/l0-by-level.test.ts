import { QsaeError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { l0 } from "./l0.ts";
import { l0ByLevel } from "./l0-by-level.ts";

const sae = { levelEnds: [1, 4, 8] };
const tokens: Token[] = [
  { x: [1], latents: { 0: 1, 3: 2, 4: -1, 7: 1 } },
  { x: [1], latents: { 4: 1 } },
  { x: [1], latents: {} },
];

describe("l0ByLevel", () => {
  it("counts the latents of every prefix of levels, the last like l0", () => {
    expect(measure(l0ByLevel(sae), tokens)).toEqual([1 / 3, 2 / 3, 5 / 3]);
    expect(measure(l0ByLevel(sae), tokens, [1, 2])).toEqual([1 / 3, 2 / 3, 5 / 3]);
    expect(measure(l0ByLevel(sae), tokens).at(-1)).toBe(measure(l0(), tokens).mean);
  });

  it("does not count zeros that latents from elsewhere may hold", () => {
    expect(measure(l0ByLevel(sae), [{ x: [1], latents: { 0: 0, 5: 1 } }])).toEqual([0, 0, 1]);
  });

  it("never falls from level to level, and ends with L0", () => {
    const latents = fc.uniqueArray(fc.nat(7)).map((all) => Object.fromEntries(all.map((j) => [j, 1])));
    fc.assert(
      fc.property(fc.array(latents, { minLength: 1, maxLength: 20 }), (all) => {
        const given = all.map((each): Token => ({ x: [0], latents: each }));
        const levels = measure(l0ByLevel(sae), given);
        expect(levels).toEqual(levels.toSorted((a, b) => a - b));
        expect(levels.at(-1)).toBe(measure(l0(), given).mean);
      }),
    );
  });

  it("is undefined without tokens", () => {
    const run = l0ByLevel(sae).start({ dIn: 1, dSae: 8 });
    expect(() => run.finish()).toThrow(QsaeError);
    expect(() => run.finish()).toThrow("no tokens");
  });
});
