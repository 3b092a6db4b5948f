import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extentOf, linearAxis, logAxis } from "./axis.ts";

const finite = fc.double({ noNaN: true, min: -1e150, max: 1e150 });
const positive = fc.double({ noNaN: true, min: 1e-150, max: 1e150 });

describe("linearAxis", () => {
  it("widens to ticks on both ends", () => {
    expect(linearAxis([0.07, 0.31], {})).toMatchObject({ domain: [0.05, 0.35], log: false });
    expect(linearAxis([3, 9], { zero: true }).ticks).toEqual([0, 2, 4, 6, 8, 10]);
  });

  it("stays as it is when exact", () => {
    const { domain, ticks } = linearAxis([0, 1536], { exact: true });
    expect(domain).toEqual([0, 1536]);
    expect(ticks.every((tick) => tick <= 1536)).toBe(true);
  });

  it("puts a single value inside", () => {
    expect(linearAxis([32, 32], {}).domain).toEqual([28, 36]);
    expect(linearAxis([0, 0], { zero: true }).domain).toEqual([0, 1]);
  });

  it("holds every extent, with finite ends and ticks", () => {
    fc.assert(
      fc.property(finite, finite, fc.boolean(), fc.boolean(), (a, b, zero, exact) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { domain, ticks } = linearAxis([low, high], { zero, exact });
        expect(domain[0]).toBeLessThanOrEqual(low);
        expect(domain[1]).toBeGreaterThanOrEqual(high);
        expect(domain[0]).toBeLessThan(domain[1]);
        expect([...domain, ...ticks].every(Number.isFinite)).toBe(true);
        expect(ticks.length).toBeLessThan(15);
      }),
    );
  });
});

describe("logAxis", () => {
  it("ticks at 1, 2 and 5 over a short range, at decades over a long one", () => {
    expect(logAxis([0.08, 1.2], {}).ticks).toEqual([0.1, 0.2, 0.5, 1]);
    expect(logAxis([1e-4, 1], {}).ticks).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1]);
    expect(logAxis([1, 1e12], {}).ticks.length).toBeLessThanOrEqual(7);
  });

  it("writes all ticks in one notation, that of the smallest", () => {
    const words = ([low, high]: [number, number]): string[] => {
      const { ticks, format } = logAxis([low, high], {});
      return ticks.map(format);
    };
    expect(words([1e-4, 1e-2])).toEqual(["1e-4", "1e-3", "1e-2"]);
    expect(words([0.01, 1])).toEqual(["0.01", "0.1", "1"]);
    expect(words([10, 2e6])).toEqual(["10", "100", "1K", "10K", "100K", "1M"]);
  });

  it("holds every positive extent, with positive ticks inside", () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const { domain, ticks } = logAxis([Math.min(a, b), Math.max(a, b)], {});
        expect(domain[0]).toBeGreaterThan(0);
        expect(domain[0]).toBeLessThan(domain[1]);
        expect(ticks.every((tick) => tick >= domain[0] && tick <= domain[1])).toBe(true);
        expect(ticks.length).toBeLessThan(8);
      }),
    );
  });
});

describe("extentOf", () => {
  it("ignores what is not finite", () => {
    expect(extentOf([3, NaN, -1, Infinity])).toEqual([-1, 3]);
    expect(extentOf([NaN])).toBeUndefined();
    expect(extentOf([])).toBeUndefined();
  });
});
