import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downsample, type Point } from "./downsample.ts";

const curve = fc
  .array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 500 })
  .map((values) => values.map((y, x): Point => ({ x, y })));

describe("downsample", () => {
  it("keeps short curves as they are", () => {
    const points = [{ x: 0, y: 1 }];
    expect(downsample(points)).toBe(points);
    expect(downsample([])).toEqual([]);
  });

  it("keeps one spike among 100,000 points", () => {
    const points = Array.from({ length: 100_000 }, (_, x): Point => ({ x, y: x === 77_777 ? 9 : x % 2 }));
    const kept = downsample(points);
    expect(kept.length).toBeLessThanOrEqual(2000);
    expect(kept).toContainEqual({ x: 77_777, y: 9 });
  });

  it("keeps limit, order, ends and extremes", () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 4, max: 100 }), (points, limit) => {
        const kept = downsample(points, limit);
        const values = kept.map(({ y }) => y);
        expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 0));
        expect(kept.every(({ x }, i) => i === 0 || x > kept[i - 1]!.x)).toBe(true);
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        expect(Math.max(...values)).toBe(Math.max(...points.map(({ y }) => y)));
        expect(Math.min(...values)).toBe(Math.min(...points.map(({ y }) => y)));
      }),
    );
  });
});
