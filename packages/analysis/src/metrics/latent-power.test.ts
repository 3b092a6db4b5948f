import { NonFiniteError } from "@qsae/runtime";
import { expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { latentPower } from "./latent-power.ts";

const tokens: Token[] = [
  { x: [1, 0], latents: { 0: 2 } },
  { x: [3, 0], latents: { 0: -1, 2: 4 } },
];

it("is the mean of squares over all tokens, beside the variance", () => {
  const expected = { meanSquare: Float64Array.of(2.5, 0, 8), variance: 1, tokens: 2 };
  expect(measure(latentPower(), tokens, [], 3)).toEqual(expected);
  expect(measure(latentPower(), tokens, [1], 3)).toEqual(expected);
  expect(measure(latentPower(), tokens.toReversed(), [1], 3)).toEqual(expected);
});

it("takes the variance of targets where there are any", () => {
  const given = tokens.map((token, i) => ({ ...token, target: [6 * i, 0] }));
  expect(measure(latentPower(), given).variance).toBe(9);
});

it("is undefined without tokens, without variance, and for data that are not finite", () => {
  expect(() => measure(latentPower(), [])).toThrow("no tokens");
  expect(() => measure(latentPower(), [tokens[0]!, tokens[0]!])).toThrow("zero variance");
  expect(() => measure(latentPower(), [tokens[0]!, { x: [NaN, 0] }])).toThrow(NonFiniteError);
});
