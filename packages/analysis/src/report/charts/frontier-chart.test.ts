import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frontierChart, frontierOf } from "./frontier-chart.ts";

const style = { color: "var(--series-1)" };
const point = fc.record({
  bitsPerWeight: fc.integer({ min: 1, max: 32 }),
  fvu: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("frontierOf", () => {
  it("keeps the SAEs that no other one beats on both", () => {
    const float = { bitsPerWeight: 32, fvu: 0.0776 };
    const trained = { bitsPerWeight: 1.6, fvu: 0.11 };
    const rounded = { bitsPerWeight: 1.6, fvu: 0.17 };
    const poor = { bitsPerWeight: 4, fvu: 0.12 };
    expect(frontierOf([float, rounded, poor, trained])).toEqual([trained, float]);
  });

  it("is unbeaten, and every point outside is beaten or matched", () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 12 }), (points) => {
        const kept = frontierOf(points);
        const matches = (a: (typeof points)[0], b: (typeof points)[0]): boolean =>
          a.bitsPerWeight <= b.bitsPerWeight && a.fvu <= b.fvu;
        for (const p of points) expect(kept.some((k) => matches(k, p))).toBe(true);
        for (const k of kept) expect(kept.filter((other) => matches(other, k))).toEqual([k]);
      }),
    );
  });
});

describe("frontierChart", () => {
  it("draws a dot and a name per SAE and ticks at doublings of bits", () => {
    const svg = frontierChart([
      { name: "float", style, bitsPerWeight: 32, fvu: 0.0776 },
      { name: "<ternary>", style, bitsPerWeight: 1.6, fvu: 0.11 },
    ]).toString();
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).toContain("&lt;ternary&gt;");
    for (const bits of [2, 4, 8, 16, 32]) expect(svg).toContain(`>${bits}</text>`);
  });
});
