import { NonFiniteError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { crossEntropySum, divergenceSum, type Predictions, predictionsOf } from "./next-token-loss.ts";

const VOCABULARY = 4;
const CONTEXT = 3;

const of = (logits: readonly number[]): Predictions =>
  predictionsOf(
    Float32Array.from(logits),
    { n: logits.length / (CONTEXT * VOCABULARY), context: CONTEXT, vocabulary: VOCABULARY },
    (window) => `window ${window}`,
  );

/** Logits of two windows. */
const logits = fc.array(fc.float({ min: -60, max: 60, noNaN: true }), {
  minLength: 2 * CONTEXT * VOCABULARY,
  maxLength: 2 * CONTEXT * VOCABULARY,
});

describe("next-token losses", () => {
  const window = [
    [Math.log(1), Math.log(2), Math.log(3), Math.log(4)],
    [Math.log(5), 0, Math.log(2), Math.log(2)],
    [0, 0, 0, 0], // predicts nothing
  ].flat();

  it("are those computed by hand", () => {
    // 0 is followed by 2 (probability 3/10), that by 0 (5/10).
    expect(crossEntropySum(of(window), Int32Array.of(0, 2, 0))).toBeCloseTo(-Math.log(0.3) - Math.log(0.5), 6);
    const uniform = of(Array<number>(window.length).fill(7));
    const entropy = (...p: readonly number[]): number => p.reduce((sum, value) => sum - value * Math.log(value), 0);
    expect(divergenceSum(of(window), uniform)).toBeCloseTo(
      2 * Math.log(4) - entropy(0.1, 0.2, 0.3, 0.4) - entropy(0.5, 0.1, 0.2, 0.2),
      6,
    );
    expect(crossEntropySum(uniform, Int32Array.of(3, 1, 1))).toBeCloseTo(2 * Math.log(4), 12);
  });

  it("survive logits whose exponential overflows", () => {
    const huge = of(window.map((value) => value + 1e4));
    expect(crossEntropySum(huge, Int32Array.of(0, 2, 0))).toBeCloseTo(-Math.log(0.3) - Math.log(0.5), 2);
    expect(divergenceSum(huge, of(window))).toBeLessThan(1e-2);
  });

  it("divergence is never negative, 0 from itself, and blind to a shift of a row's logits", () => {
    fc.assert(
      fc.property(logits, logits, (p, q) => {
        const divergence = divergenceSum(of(p), of(q));
        expect(divergence).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(divergence)).toBe(true);
        expect(divergenceSum(of(p), of(p))).toBe(0);
        const shifted = of(q.map((value, i) => value + Math.floor(i / VOCABULARY)));
        expect(divergenceSum(of(p), shifted)).toBeCloseTo(divergence, 3);
      }),
    );
  });

  it("cross-entropy is never below the entropy of a certain prediction, 0", () => {
    fc.assert(
      fc.property(logits, fc.array(fc.nat(VOCABULARY - 1), { minLength: 6, maxLength: 6 }), (p, ids) => {
        expect(crossEntropySum(of(p), Int32Array.from(ids))).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it.each([NaN, Infinity, -Infinity])("name window and position of a prediction that is %d", (value) => {
    const broken = [...window, ...window];
    broken[window.length + VOCABULARY + 2] = value;
    expect(() => of(broken)).toThrow(NonFiniteError);
    expect(() => of(broken)).toThrow(/window 1: the predictions at position 1 are NaN or infinite/);
  });

  it("do not look at the last position, which predicts nothing", () => {
    const broken = [...window];
    broken[broken.length - 1] = NaN;
    expect(crossEntropySum(of(broken), Int32Array.of(0, 2, 0))).toBeGreaterThan(0);
  });
});
