import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamingMoments } from "./streaming-moments.ts";

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
const rows = fc.array(fc.tuple(float, float, float), { minLength: 2, maxLength: 40 });

describe("streamingMoments", () => {
  it("gives mean and total variation of hand-computed data", () => {
    const moments = streamingMoments(2);
    moments.update(Float32Array.of(1, 10, 3, 10), 2); // per dimension: mean 2 and 10, variation 2 and 0
    expect(moments.count()).toBe(2);
    expect([...moments.mean()]).toEqual([2, 10]);
    expect(moments.totalVariation()).toBe(2);
  });

  it("keeps every digit of small variation around a large mean", () => {
    const moments = streamingMoments(1);
    // 2^23 +- 1 alternating: exact in float32; squares near 7e13 would swamp a variation of 1000 in a naive sum
    const x = Float32Array.from({ length: 1000 }, (_, i) => 2 ** 23 + (i % 2 === 0 ? 1 : -1));
    for (let i = 0; i < 1000; i += 7) moments.update(x.subarray(i, Math.min(i + 7, 1000)), Math.min(7, 1000 - i));
    expect(moments.totalVariation() / 1000).toBeCloseTo(1, 12);
    expect(moments.mean()[0]).toBeCloseTo(2 ** 23, 8);
  });

  it("gives exactly zero variation for constant data, however it is split", () => {
    fc.assert(
      fc.property(float, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (value, first, second) => {
        const moments = streamingMoments(1);
        moments.update(new Float32Array(first).fill(value), first);
        moments.update(new Float32Array(second).fill(value), second);
        expect(moments.totalVariation()).toBe(0);
      }),
    );
  });

  it("agrees with two passes over all data at once, however the stream is split", () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(40), { maxLength: 4 }), (data, cuts) => {
        const moments = streamingMoments(3);
        const ends = [...cuts.filter((cut) => cut < data.length), data.length].sort((a, b) => a - b);
        let from = 0;
        for (const to of ends) {
          moments.update(Float32Array.from(data.slice(from, to).flat()), to - from);
          from = to;
        }
        const mean = [0, 1, 2].map((c) => data.reduce((sum, row) => sum + row[c]!, 0) / data.length);
        const variation = data.reduce(
          (sum, row) => sum + row.reduce((s, value, c) => s + (value - mean[c]!) ** 2, 0),
          0,
        );
        expect(Math.abs(moments.totalVariation() - variation)).toBeLessThanOrEqual(1e-12 * (variation + 1e-3));
        moments.mean().forEach((value, c) => expect(value).toBeCloseTo(mean[c]!, 6));
      }),
    );
  });
});
