import { expect, it } from "vitest";
import { measure, type Token } from "../metrics/batches.fixture.ts";
import { largestValues } from "./largest-values.ts";

it("keeps the largest value of each latent, negative where all are; 0 of those that never fired", () => {
  const tokens: Token[] = [
    { x: [0], latents: { 0: 1, 1: -2, 3: 0 } },
    { x: [0], latents: { 0: 3 } },
    { x: [0], latents: { 0: 2, 1: -1 } },
  ];
  const expected = Float32Array.of(3, -1, 0, 0);
  expect(measure(largestValues(), tokens, [], 4)).toEqual(expected);
  expect(measure(largestValues(), tokens, [1, 2], 4)).toEqual(expected);
});
