import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { linearAxis } from "./axis.ts";
import { barsChart, type BarsChartOptions } from "./bars-chart.ts";

const x = linearAxis([0, 4], { label: "value" });
const options: BarsChartOptions = {
  histogram: { edges: [0, 1, 2, 3, 4], counts: [1, 0, 100, 10] },
  style: { color: "var(--series-1)" },
  x,
  yLabel: "things",
};

function drawn(more: Partial<BarsChartOptions>): { readonly heights: number[]; readonly svg: Element } {
  const svg = parseHTML(barsChart({ ...options, ...more }).toString()).document.querySelector("svg")!;
  const bars = [...svg.querySelectorAll('[aria-label="rect"] rect')];
  return { heights: bars.map((bar) => Number(bar.getAttribute("height"))), svg };
}

describe("barsChart", () => {
  it("draws a bar per bin that counts something, as high as the count", () => {
    const { heights } = drawn({});
    expect(heights).toHaveLength(3);
    expect(heights[1]! / heights[0]!).toBeCloseTo(100);
    expect(heights[1]! / heights[2]!).toBeCloseTo(10);
  });

  it("draws equal steps for equal ratios on a log scale, and one thing still as a bar", () => {
    const { heights, svg } = drawn({ log: true });
    expect(heights[1]! - heights[2]!).toBeCloseTo(heights[2]! - heights[0]!);
    expect(heights[0]).toBeGreaterThan(5);
    expect(svg.textContent).toContain("things (log scale)");
  });

  it("draws many bins as one area, and another histogram as a line", () => {
    const edges = Array.from({ length: 202 }, (_, b) => (4 * b) / 201);
    const many = drawn({ histogram: { edges, counts: edges.slice(1).map(() => 3) } });
    expect(many.heights).toEqual([]);
    expect(many.svg.querySelectorAll('[aria-label="area"] path')).toHaveLength(1);
    const outline = { histogram: options.histogram, style: { color: "var(--series-2)" } };
    const lines = drawn({ outline }).svg.querySelectorAll('[aria-label="line"]');
    expect([...lines].map((line) => line.getAttribute("stroke"))).toEqual(["var(--series-2)"]);
  });

  it("names a mark, unless it lies outside", () => {
    expect(drawn({ mark: { x: 1, label: "here" } }).svg.textContent).toContain("here");
    for (const at of [-1, 5, NaN, Infinity]) {
      expect(drawn({ mark: { x: at, label: "here" } }).svg.textContent).not.toContain("here");
    }
  });

  it("leaves out what is no count", () => {
    const counts = [NaN, -3, Infinity, 2];
    expect(drawn({ histogram: { edges: [0, 1, 2, 3, 4], counts } }).heights).toHaveLength(1);
  });
});
