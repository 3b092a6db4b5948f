import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupedCounts } from "./grouped-counts.ts";

describe("groupedCounts", () => {
  it("gives every value from the first to the last a bar", () => {
    expect(groupedCounts([0, 0, 3, 0, 5])).toEqual({
      edges: [1.5, 2.5, 3.5, 4.5],
      counts: [3, 0, 5],
      names: ["2", "3", "4"],
    });
  });

  it("gathers many values", () => {
    const { edges, counts, names } = groupedCounts(new Array<number>(120).fill(1));
    expect(counts).toEqual(new Array<number>(60).fill(2));
    expect(edges).toHaveLength(61);
    expect(names[0]).toBe("0 to 1");
  });

  it("has one empty bar for nothing", () => {
    expect(groupedCounts([0, 0])).toEqual({ edges: [-0.5, 0.5], counts: [0], names: ["0"] });
  });

  it("loses no count and makes at most 60 bars", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1, maxLength: 500 }), (histogram) => {
        const { counts } = groupedCounts(histogram);
        expect(counts.length).toBeLessThanOrEqual(60);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(histogram.reduce((a, b) => a + b, 0));
      }),
    );
  });
});
