/** The law every metric obeys: how the data are cut into batches does not matter. */
import type { Metric } from "@qsae/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { fvu } from "./fvu.ts";
import { coactivation } from "../sparsity/coactivation.ts";
import { topTokens } from "../sparsity/top-tokens.ts";
import { l0 } from "./l0.ts";
import { latentDensity } from "./latent-density.ts";
import { mse } from "./mse.ts";
import { shrinkage } from "./shrinkage.ts";

const float = fc.float({ noNaN: true, min: -1000, max: 1000 });
const token: fc.Arbitrary<Token> = fc.record({
  x: fc.tuple(float, float),
  reconstruction: fc.tuple(float, float),
  latents: fc.dictionary(fc.nat(7).map(String), float, { maxKeys: 8 }),
});
const tokens = fc.array(token, { minLength: 2, maxLength: 40 }).filter((all) => {
  const varied = all.some(({ x }) => x[0] !== all[0]!.x[0]);
  const aligned = all.reduce((sum, { x, reconstruction: r }) => sum + x[0]! * r![0]! + x[1]! * r![1]!, 0);
  return varied && aligned > 1;
});

describe.each<[string, Metric<unknown>]>([
  ["fvu", fvu()],
  ["mse", mse()],
  ["shrinkage", shrinkage()],
  ["l0", l0()],
  ["latentDensity", latentDensity()],
  ["coactivation", coactivation({ minTogether: 1, maxFirings: 100 })],
  ["topTokens", topTokens({ perLatent: 3 })],
])("%s", (_, metric) => {
  it("does not depend on the batches", () => {
    fc.assert(
      fc.property(tokens, fc.array(fc.nat(40), { maxLength: 6 }), (all, cuts) => {
        const whole = measure(metric, all);
        const split = measure(metric, all, cuts);
        if (typeof whole === "number") expect(Math.abs((split as number) - whole)).toBeLessThanOrEqual(1e-11 * whole);
        else expect(split).toEqual(whole);
      }),
    );
  });

  it("keeps no state from one run to the next", () => {
    const all: Token[] = [
      { x: [1, 2], reconstruction: [1, 1], latents: { 0: 1 } },
      { x: [2, 5], reconstruction: [1, 1], latents: { 3: 1 } },
    ];
    expect(measure(metric, all)).toEqual(measure(metric, all));
  });
});
