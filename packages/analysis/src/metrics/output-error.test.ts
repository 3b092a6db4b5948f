import { NonFiniteError, UsageError, type Latents } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Token } from "./batches.fixture.ts";
import { fvu } from "./fvu.ts";
import { outputError } from "./output-error.ts";

const nothing: Latents = {
  dSae: 1,
  offsets: Int32Array.of(0),
  indices: new Int32Array(0),
  values: new Float32Array(0),
};

/** An SAE whose reconstructions are a function of x. */
function other(reconstruct: (value: number) => number, dIn = 2): Parameters<typeof outputError>[0] {
  return { dIn, encode: () => nothing, decode: (_, { x } = {}) => x!.map(reconstruct) };
}

const integer = fc.integer({ min: -100, max: 100 });
const token = fc.record({ x: fc.tuple(integer, integer), reconstruction: fc.tuple(integer, integer) });
const tokens = fc
  .array(token, { minLength: 2, maxLength: 20 })
  .filter((all) => all.some(({ x }) => x[0] !== all[0]!.x[0]));

describe("outputError", () => {
  it("divides the squared distance of two reconstructions by the variance of the data", () => {
    const given: Token[] = [
      { x: [1, 0], reconstruction: [3, 1] },
      { x: [3, 4], reconstruction: [6, 8] },
    ];
    // the other gives [2, 0] and [6, 8]: distance 1 + 1; mean [2, 2], deviation (1 + 4) + (1 + 4)
    expect(measure(outputError(other((value) => 2 * value)), given)).toBe(0.2);
    expect(measure(outputError(other((value) => 2 * value)), given, [1])).toBeCloseTo(0.2, 14);
  });

  it("divides by the variance of targets where there are any", () => {
    const given: Token[] = [
      { x: [1, 0], target: [0, 0], reconstruction: [3, 1] },
      { x: [3, 4], target: [0, 4], reconstruction: [6, 8] },
    ];
    expect(measure(outputError(other((value) => 2 * value)), given)).toBe(2 / 8);
  });

  it("is exactly 0 against itself, and FVU against what reconstructs perfectly", () => {
    fc.assert(
      fc.property(tokens, (given) => {
        const doubled = given.map(({ x }): Token => ({ x, reconstruction: x.map((value) => 2 * value) }));
        expect(measure(outputError(other((value) => 2 * value)), doubled)).toBe(0);
        expect(measure(outputError(other((value) => value)), given)).toBe(measure(fvu(), given));
      }),
    );
  });

  it("is the same in both directions, whatever the batches", () => {
    fc.assert(
      fc.property(tokens, fc.array(fc.nat(20), { maxLength: 3 }), (given, cuts) => {
        const half = given.map(({ x }): Token => ({ x, reconstruction: x.map((value) => value / 2) }));
        const negated = given.map(({ x }): Token => ({ x, reconstruction: x.map((value) => -value) }));
        const there = measure(outputError(other((value) => -value)), half);
        const back = measure(outputError(other((value) => value / 2)), negated, cuts);
        expect(Math.abs(there - back)).toBeLessThanOrEqual(1e-12 * there);
      }),
    );
  });

  it("refuses another width, data without variance, and what is not finite", () => {
    const start = (): unknown => outputError(other((value) => value, 3)).start({ dIn: 2, dSae: 1 });
    expect(start).toThrow(UsageError);
    expect(start).toThrow("d_in=3, the evaluated one of d_in=2");
    const same: Token[] = [{ x: [1, 2] }, { x: [1, 2] }];
    expect(() => measure(outputError(other((value) => value)), same)).toThrow("zero variance");
    expect(() => measure(outputError(other(() => NaN)), same)).toThrow(NonFiniteError);
  });
});
