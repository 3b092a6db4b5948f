import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mismatchOf } from "./mismatch.ts";

const sure = (gradient: number, difference: number) => ({ gradient, difference, uncertainty: 0 });

describe("mismatchOf", () => {
  it("is the angle and the distance of two vectors", () => {
    // (3, 4) and (4, 3): cosine 24 / 25, distance sqrt 2
    const { cosine, relativeError, weights } = mismatchOf([sure(3, 4), sure(4, 3)]);
    expect(weights).toBe(2);
    expect(cosine).toBeCloseTo(24 / 25, 12);
    expect(relativeError).toBeCloseTo(Math.SQRT2 / 5, 12);
  });

  it("has no angle where gradients are zero, and no numbers where differences are", () => {
    expect(mismatchOf([sure(0, 2), sure(0, 1)])).toEqual({ weights: 2, relativeError: 1 });
    expect(mismatchOf([sure(1, 0)])).toEqual({ weights: 1 });
  });

  it("has no numbers where rounding may have made a tenth of the differences, or one is none", () => {
    const unsure = (uncertainty: number) => mismatchOf([{ gradient: 1, difference: 2, uncertainty }]);
    expect(unsure(0.19)).toEqual({ weights: 1, cosine: 1, relativeError: 0.5 });
    expect(unsure(0.21)).toEqual({ weights: 1 });
    expect(unsure(NaN)).toEqual({ weights: 1 });
    expect(mismatchOf([sure(1, Infinity)])).toEqual({ weights: 1 });
    expect(mismatchOf([sure(NaN, 1)])).toEqual({ weights: 1 });
  });

  it("has a cosine from -1 to 1 and an error of at least 0, for numbers of any size", () => {
    const number = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 9 }), (pairs) => {
        const { cosine = 0, relativeError = 0 } = mismatchOf(pairs.map(([g, d]) => sure(g, d)));
        expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
        expect(relativeError).toBeGreaterThanOrEqual(0);
        expect(relativeError).toBeLessThan(Infinity);
      }),
    );
  });
});
