import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normals } from "../../random.ts";
import { geometricMedian } from "./geometric-median.ts";

const sumOfDistances = (x: Float32Array, y: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i += y.length) {
    sum += Math.hypot(...Array.from({ length: y.length }, (_, j) => x[i + j]! - y[j]!));
  }
  return sum;
};

describe("geometricMedian", () => {
  it("is the Fermat point of a triangle: where the sides are seen under 120 degrees", () => {
    const triangle = [0, 0, 4, 0, 1, 3];
    const [px, py] = geometricMedian(Float32Array.from(triangle), 2) as unknown as [number, number];
    const angles = [0, 1, 2].map((i) => Math.atan2(triangle[2 * i + 1]! - py, triangle[2 * i]! - px));
    for (const [i, j] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      expect(Math.cos(angles[i]! - angles[j]!)).toBeCloseTo(-0.5, 4);
    }
  });

  it("is the median on a line, whatever the outlier", () => {
    expect(geometricMedian(Float32Array.of(0, 1, 2, 3, 1e6), 1)[0]).toBeCloseTo(2, 3);
  });

  it("leaves a data point that it starts on but is not the median, and stays on one that is", () => {
    // the mean of these is the point (0, 0), which is one of them
    const off = Float32Array.of(0, 0, 1, 0, 1, 0, 1, 0, -3, 0);
    expect(geometricMedian(off, 2)[0]).toBeCloseTo(1, 3);
    expect([...geometricMedian(Float32Array.of(0, 0, 1, 0, -1, 0, 0, 1, 0, -1), 2)]).toEqual([0, 0]);
    expect([...geometricMedian(Float32Array.of(5, 6, 5, 6), 2)]).toEqual([5, 6]);
    expect([...geometricMedian(Float32Array.of(5, 6), 2)]).toEqual([5, 6]);
  });

  it("minimises the sum of distances: no point nearby and no data point does better", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 }), fc.nat(), (dIn, n, seed) => {
        const x = normals(n * dIn, 1, seed).map((value) => value ** 3);
        const y = geometricMedian(x, dIn);
        const least = sumOfDistances(x, y);
        const slack = 1e-4 * (least + 1e-9);
        for (let i = 0; i < n; i++) {
          expect(least).toBeLessThanOrEqual(sumOfDistances(x, x.subarray(i * dIn, (i + 1) * dIn)) + slack);
        }
        for (let trial = 0; trial < 20; trial++) {
          const away = normals(dIn, 10 ** -(trial % 4), seed + trial);
          expect(least).toBeLessThanOrEqual(
            sumOfDistances(
              x,
              y.map((value, j) => value + away[j]!),
            ) + slack,
          );
        }
      }),
    );
  });

  it("moves with the data and scales with it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0.1, max: 10, noNaN: true }), (seed, scale) => {
        const x = normals(20 * 3, 1, seed);
        const y = geometricMedian(x, 3);
        const moved = geometricMedian(
          x.map((value) => scale * value + 1),
          3,
        );
        moved.forEach((value, j) => expect(value).toBeCloseTo(scale * y[j]! + 1, 3));
      }),
      { numRuns: 30 },
    );
  });
});
