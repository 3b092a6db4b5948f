import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitsAxis, bytesAxis } from "./cost-axes.ts";
import { frontierOf, tradeoffChart } from "./tradeoff-chart.ts";

const style = { color: "var(--series-1)" };
const point = fc.record({
  cost: fc.integer({ min: 1, max: 32 }),
  fvu: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("frontierOf", () => {
  it("keeps the SAEs that no other one beats on both", () => {
    const float = { cost: 32, fvu: 0.0776 };
    const trained = { cost: 1.6, fvu: 0.11 };
    const rounded = { cost: 1.6, fvu: 0.17 };
    const poor = { cost: 4, fvu: 0.12 };
    expect(frontierOf([float, rounded, poor, trained])).toEqual([trained, float]);
  });

  it("is unbeaten, and every point outside is beaten or matched", () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 12 }), (points) => {
        const kept = frontierOf(points);
        const matches = (a: (typeof points)[0], b: (typeof points)[0]): boolean => a.cost <= b.cost && a.fvu <= b.fvu;
        for (const p of points) expect(kept.some((k) => matches(k, p))).toBe(true);
        for (const k of kept) expect(kept.filter((other) => matches(other, k))).toEqual([k]);
      }),
    );
  });
});

describe("tradeoffChart", () => {
  const points = [
    { name: "float", style, cost: 32, fvu: 0.0776 },
    { name: "<ternary>", style, cost: 1.6, fvu: 0.11 },
  ];

  it("draws a dot and a name per SAE and ticks at doublings of bits", () => {
    const svg = tradeoffChart({ points, x: bitsAxis }).svg.toString();
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).toContain("&lt;ternary&gt;");
    for (const bits of [2, 4, 8, 16, 32]) expect(svg).toContain(`>${bits}</text>`);
  });

  it("draws what rounding makes of an SAE as a line of small points, with names where they have any", () => {
    const lines = [
      {
        style,
        points: [
          { cost: 2, fvu: 0.2, name: "int2" },
          { cost: 4, fvu: 0.1 },
        ],
      },
    ];
    const svg = tradeoffChart({ points: [], lines, x: bitsAxis, frontier: false }).svg.toString();
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).toContain(">int2</text>");
    expect(svg.match(/stroke-dasharray/g)).toBeNull();
  });

  it("says whether there was room for every name", () => {
    expect(tradeoffChart({ points, x: bitsAxis }).allNamed).toBe(true);
    const crowd = Array.from({ length: 20 }, (_, i) => ({ ...points[0]!, name: `float ${i}`, fvu: 0.07 + i / 1e4 }));
    expect(tradeoffChart({ points: crowd, x: bitsAxis }).allNamed).toBe(false);
  });

  it("ticks sizes of files in bytes", () => {
    const bytes = points.map((point) => ({ ...point, cost: 131_072 * point.cost }));
    expect(tradeoffChart({ points: bytes, x: bytesAxis }).svg.toString()).toContain(">500 kB</text>");
  });
});
