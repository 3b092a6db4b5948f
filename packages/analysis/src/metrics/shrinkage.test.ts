import { NonFiniteError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { mse } from "./mse.ts";
import { shrinkage } from "./shrinkage.ts";

const integer = fc.integer({ min: -100, max: 100 });

describe("shrinkage", () => {
  it("is the factor by which reconstructions are uniformly too short", () => {
    const tokens = [
      { x: [4, 8], reconstruction: [3, 6] },
      { x: [-4, 0], reconstruction: [-3, 0] },
    ];
    expect(measure(shrinkage(), tokens, [1])).toBe(0.75);
  });

  it("is that of the target where there is one", () => {
    expect(measure(shrinkage(), [{ x: [-1, 0], target: [4, 8], reconstruction: [3, 6] }])).toBe(0.75);
  });

  it("is 1 for a perfect reconstruction", () => {
    expect(measure(shrinkage(), [{ x: [4, 8] }])).toBe(1);
  });

  it("is the best divisor: no other one gives a smaller error", () => {
    const token = fc.record({ x: fc.tuple(integer, integer), reconstruction: fc.tuple(integer, integer) });
    fc.assert(
      fc.property(
        fc.array(token, { minLength: 1, maxLength: 10 }),
        fc.constantFrom(0.9, 0.99, 1.01, 1.1),
        (tokens, off) => {
          fc.pre(tokens.reduce((sum, { x, reconstruction: r }) => sum + x[0] * r[0] + x[1] * r[1], 0) > 0);
          const gamma = measure(shrinkage(), tokens)!;
          const errorAt = (divisor: number): number =>
            measure(
              mse(),
              tokens.map(({ x, reconstruction }): Token => ({
                x,
                reconstruction: reconstruction.map((v) => v / divisor),
              })),
            );
          expect(errorAt(gamma)).toBeLessThanOrEqual(errorAt(gamma * off) * (1 + 1e-5) + 1e-9);
        },
      ),
    );
  });

  it("is undefined for reconstructions that are zero or point away", () => {
    expect(measure(shrinkage(), [{ x: [1], reconstruction: [0] }])).toBeUndefined();
    expect(measure(shrinkage(), [{ x: [1], reconstruction: [-1] }])).toBeUndefined();
    expect(shrinkage().start({ dIn: 1, dSae: 1 }).finish()).toBeUndefined();
  });

  it("names the row of a value that is not finite", () => {
    expect(() => measure(shrinkage(), [{ x: [1] }, { x: [NaN] }])).toThrow(NonFiniteError);
    expect(() => measure(shrinkage(), [{ x: [1] }, { x: [Infinity] }])).toThrow("row 1");
  });
});
