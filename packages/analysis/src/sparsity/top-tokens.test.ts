import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, measure, type Token } from "../metrics/batches.fixture.ts";
import { topTokens } from "./top-tokens.ts";

const tokens: Token[] = [
  { x: [0], latents: { 0: 1, 2: 4 } },
  { x: [0], latents: { 2: 5, 3: 0 } },
  { x: [0], latents: { 0: 1, 2: 3 } },
  { x: [0], latents: { 0: -1 } },
  { x: [0], latents: { 2: 4 } },
];

describe("topTokens", () => {
  it("names the rows where each latent is largest; a stored zero is no firing", () => {
    expect(measure(topTokens({ perLatent: 2 }), tokens, [1, 3], 4)).toEqual({
      offsets: Int32Array.of(0, 2, 2, 4, 4),
      rows: Int32Array.of(0, 2, 1, 0),
      values: Float32Array.of(1, 1, 5, 4),
    });
  });

  it("keeps all where there are fewer", () => {
    expect(measure(topTokens(), tokens, [], 4).offsets).toEqual(Int32Array.of(0, 3, 3, 7, 7));
  });

  it("does not depend on the order of tokens", () => {
    const latents = fc.dictionary(fc.nat(3).map(String), fc.integer({ min: -2, max: 2 }), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.array(latents, { minLength: 1, maxLength: 20 }), (all) => {
        const given = all.map((one): Token => ({ x: [0], latents: one }));
        const metric = topTokens({ perLatent: 3 });
        const backwards = metric.start({ dIn: 1, dSae: 4 });
        for (let i = given.length - 1; i >= 0; i--)
          void backwards.update(batchOf([given[i]!], { dSae: 4, firstRow: i }));
        expect(backwards.finish()).toEqual(measure(metric, given, [], 4));
      }),
    );
  });

  it("refuses to keep none", () => {
    for (const perLatent of [0, 1.5, NaN]) expect(() => topTokens({ perLatent })).toThrow(UsageError);
  });
});
