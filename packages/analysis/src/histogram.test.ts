import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalWidthHistogram } from "./histogram.ts";

describe("equalWidthHistogram", () => {
  it("puts a value on an edge into the bin above, the last edge into the last bin", () => {
    expect(equalWidthHistogram([0, 0.5, 1, 1.5, 2], 0, 2, 2)).toEqual({ edges: [0, 1, 2], counts: [2, 3], outside: 0 });
  });

  it("counts what it leaves out", () => {
    expect(equalWidthHistogram([-1, 0.5, 3, NaN, Infinity], 0, 2, 1)).toEqual({
      edges: [0, 2],
      counts: [1],
      outside: 4,
    });
  });

  it("loses no value", () => {
    fc.assert(
      fc.property(fc.array(fc.double()), fc.integer({ min: 1, max: 50 }), (values, bins) => {
        const { counts, outside } = equalWidthHistogram(values, -10, 10, bins);
        expect(counts.reduce((sum, count) => sum + count, outside)).toBe(values.length);
      }),
    );
  });
});
