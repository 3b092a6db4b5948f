import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QsaeError } from "@qsae/runtime";
import { positiveDefinite } from "./solve-with-factor.fixture.ts";
import { upperFactor } from "./upper-factor.ts";

const closeTo = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
  const worst = Array.from(expected).reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
};
const sizes = fc.oneof(fc.constantFrom(1, 2, 31, 32, 33, 63, 64, 65, 97), fc.integer({ min: 1, max: 80 }));

describe("upperFactor", () => {
  it("is R with H = R R^T", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (n, seed) => {
        const h = positiveDefinite(n, seed);
        const r = h.slice();
        upperFactor(r, n);
        const product = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          expect(r[i * n + i]).toBeGreaterThan(0);
          for (let j = 0; j < n; j++) {
            for (let k = Math.max(i, j); k < n; k++) product[i * n + j]! += r[i * n + k]! * r[j * n + k]!;
          }
        }
        closeTo(product, h, 1e-12 * n);
      }),
      { numRuns: 40 },
    );
  });

  it("reads the upper triangle only", () => {
    const n = 37;
    const h = positiveDefinite(n, 1);
    const upper = h.map((value, at) => (Math.floor(at / n) <= at % n ? value : NaN));
    upperFactor(h, n);
    upperFactor(upper, n);
    for (let i = 0; i < n; i++) {
      expect(upper.subarray(i * n + i, (i + 1) * n)).toEqual(h.subarray(i * n + i, (i + 1) * n));
    }
  });

  it.each([1, 40])("refuses a matrix of size %s that is not positive definite, and says what to do", (n) => {
    const h = positiveDefinite(n, 2);
    h[0] = -1;
    expect(() => upperFactor(h.slice(), n)).toThrow(QsaeError);
    expect(() => upperFactor(h, n)).toThrow(/^factorisation: pivot 0 of \d+ is -.*; raise the damping$/);
    const nan = positiveDefinite(n, 2).fill(NaN);
    expect(() => upperFactor(nan, n)).toThrow(QsaeError);
  });
});
