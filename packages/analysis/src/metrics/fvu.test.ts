import { NonFiniteError, QsaeError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, measure, type Token } from "./batches.fixture.ts";
import { fvu } from "./fvu.ts";

const integer = fc.integer({ min: -1000, max: 1000 });

describe("fvu", () => {
  it("divides the squared residual by the squared deviation from the mean of the whole set", () => {
    const tokens: Token[] = [
      { x: [1, 0], reconstruction: [2, 0] },
      { x: [3, 4], reconstruction: [3, 2] },
    ];
    // residual 1 + 4; mean [2, 2], deviation (1 + 4) + (1 + 4)
    expect(measure(fvu(), tokens)).toBe(0.5);
  });

  it("measures a transcoder against its target, whose variance it divides by", () => {
    const tokens: Token[] = [
      { x: [100, 0], target: [1, 0], reconstruction: [2, 0] },
      { x: [-50, 9], target: [3, 4], reconstruction: [3, 2] },
    ];
    expect(measure(fvu(), tokens)).toBe(0.5);
    expect(measure(fvu(), tokens, [1])).toBeCloseTo(0.5, 14);
  });

  it("is not the average of batch ratios", () => {
    const tokens: Token[] = [0, 1, 10, 30].map((value) => ({ x: [value], reconstruction: [value + 1] }));
    const whole = 4 / [0, 1, 10, 30].reduce((sum, value) => sum + (value - 10.25) ** 2, 0);
    expect(measure(fvu(), tokens, [2])).toBeCloseTo(whole, 14); // batch ratios would be 4 and 0.01
  });

  it("is exactly 1 for the predictor of the mean; within 1e-12 whatever the batches, also far from the origin", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(integer, integer), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, 2 ** 20),
        fc.array(fc.nat(60), { maxLength: 3 }),
        (deviations, centre, cuts) => {
          fc.pre(deviations.some(([a, b]) => a !== 0 || b !== 0));
          // mirrored around the centre, so that the mean is exact in float32
          const tokens = deviations.flatMap(([a, b]): Token[] => [
            { x: [centre + a, b], reconstruction: [centre, 0] },
            { x: [centre - a, -b], reconstruction: [centre, 0] },
          ]);
          expect(measure(fvu(), tokens)).toBe(1);
          expect(Math.abs(measure(fvu(), tokens, cuts) - 1)).toBeLessThan(1e-12);
        },
      ),
    );
  });

  it("is exactly 0 for the identity", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2 }), (values) => {
        fc.pre(values.some((value) => value !== values[0]));
        expect(
          measure(
            fvu(),
            values.map((value): Token => ({ x: [value] })),
          ),
        ).toBe(0);
      }),
    );
  });

  it("does not change when data and reconstruction are scaled or shifted together", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(integer, integer), { minLength: 2, maxLength: 20 }), (pairs) => {
        fc.pre(pairs.some(([value]) => value !== pairs[0]![0]));
        const at = (scale: number, shift: number): number =>
          measure(
            fvu(),
            pairs.map(([x, y]) => ({ x: [scale * x + shift], reconstruction: [scale * y + shift] })),
          );
        const plain = at(1, 0);
        expect(Math.abs(at(4, 4096) - plain)).toBeLessThanOrEqual(1e-12 * plain);
      }),
    );
  });

  it("refuses data without variance by saying so, never with NaN", () => {
    const constant: Token[] = [1, 2, 3].map(() => ({ x: [0.1, 7], reconstruction: [0, 7] }));
    expect(() => measure(fvu(), constant, [1])).toThrow(QsaeError);
    expect(() => measure(fvu(), constant)).toThrow("zero variance (all 3 tokens are the same)");
    expect(() => measure(fvu(), [{ x: [5] }])).toThrow("zero variance (1 token)");
    expect(() => fvu().start({ dIn: 2, dSae: 2 }).finish()).toThrow("no tokens");
  });

  it("names the row of a value that is not finite", () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const run = fvu().start({ dIn: 1, dSae: 8 });
      const batch = batchOf([{ x: [1] }, { x: [2], reconstruction: [bad] }], { firstRow: 40 });
      expect(() => run.update(batch)).toThrow(NonFiniteError);
      expect(() => run.update(batch)).toThrow("row 41");
    }
  });
});
