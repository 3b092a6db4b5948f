import { supportOverlap } from "@qsae/core";
import { UsageError, type Latents } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, measureByPromise, type Token } from "../metrics/batches.fixture.ts";
import { supportOverlapWith } from "./support-overlap-with.ts";

/** An encoder that gives each token the latents named for it; a token's x is its number. */
function encoder(sets: readonly (readonly number[])[]): Parameters<typeof supportOverlapWith>[0] {
  return { dIn: 1, dSae: 8, encode: (x) => latentsOf([...x].map((i) => sets[i]!)) };
}

function latentsOf(sets: readonly (readonly number[])[]): Latents {
  return batchOf(tokensOf(sets)).latents;
}

function tokensOf(sets: readonly (readonly number[])[]): readonly Token[] {
  return sets.map((latents, i) => ({ x: [i], latents: Object.fromEntries(latents.map((j) => [j, 1])) }));
}

const sets = fc.array(fc.tuple(fc.uniqueArray(fc.nat(7)), fc.uniqueArray(fc.nat(7))), { minLength: 1, maxLength: 20 });

describe("supportOverlapWith", () => {
  it("counts what both share over all tokens, and for each latent", async () => {
    const tokens = tokensOf([[0, 3], [1], []]);
    const result = await measureByPromise(supportOverlapWith(encoder([[0, 4], [1], []])), tokens, [1]);
    expect(result).toMatchObject({ overlap: 4 / 6, changedTokens: 1 / 3, tokens: 3 });
    expect([...result.perLatent]).toEqual([1, 1, 1, 0, 0, 1, 1, 1]);
  });

  it("agrees with all tokens at once, however they are cut and ordered, and if the other SAE answers by promise", async () => {
    await fc.assert(
      fc.asyncProperty(sets, fc.array(fc.nat(20), { maxLength: 4 }), async (pairs, cuts) => {
        const [mine, others] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const result = await measureByPromise(supportOverlapWith(encoder(others)), tokensOf(mine), cuts);
        expect(result).toMatchObject(supportOverlap(latentsOf(mine), latentsOf(others)));
        const backwards = tokensOf(mine).toReversed();
        const other = { ...encoder(others), encode: async (x: Float32Array) => encoder(others).encode(x) };
        expect(await measureByPromise(supportOverlapWith(other), backwards, cuts)).toEqual(result);
      }),
    );
  });

  it("is 1 against itself and where nothing fires", async () => {
    const against = (latents: readonly number[]) =>
      measureByPromise(supportOverlapWith(encoder([latents])), tokensOf([latents]));
    expect(await against([2, 5])).toMatchObject({ overlap: 1 });
    expect(await against([])).toMatchObject({ overlap: 1, changedTokens: 0 });
  });

  it("refuses an SAE of another shape, and no tokens", () => {
    const start = (dSae: number): unknown => supportOverlapWith(encoder([])).start({ dIn: 1, dSae });
    expect(() => start(4)).toThrow(UsageError);
    expect(() => start(4)).toThrow("d_sae=8, the evaluated one d_in=1, d_sae=4");
    const run = supportOverlapWith(encoder([])).start({ dIn: 1, dSae: 8 });
    expect(() => run.finish()).toThrow("no tokens");
  });
});
