/** FVU over bits per weight as an SVG: one line per method and side. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { seriesOf, type TableInput } from "./table.ts";

export function frontierCurve({ rows, floatFvu }: TableInput): string {
  const { document } = parseHTML("<html><body></body></html>");
  const points = seriesOf(rows).flatMap(({ name, cells }) => cells.map((row) => ({ ...row, series: name })));
  const svg = Plot.plot({
    document,
    width: 760,
    height: 460,
    marginLeft: 60,
    marginRight: 130,
    style: { background: "white", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    x: {
      type: "log",
      base: 2,
      label: "bits per weight, scales included",
      ticks: [1, 1.5, 2, 3, 4, 6, 8],
      tickFormat: "~g",
    },
    y: { type: "log", label: "held-out FVU", ticks: [0.075, 0.1, 0.15, 0.2, 0.3, 0.5], tickFormat: "~g", grid: true },
    color: { scheme: "observable10" },
    marks: [
      Plot.ruleY([floatFvu], { stroke: "#777", strokeDasharray: "4 3" }),
      Plot.text([{ y: floatFvu }], { y: "y", frameAnchor: "right", dx: 40, text: () => "float", fill: "#555" }),
      Plot.line(points, { x: "bits_per_weight", y: "fvu", stroke: "series", sort: "bits" }),
      Plot.dot(points, { x: "bits_per_weight", y: "fvu", fill: "series", r: 3.5 }),
      Plot.text(
        points,
        Plot.selectFirst({
          x: "bits_per_weight",
          y: "fvu",
          z: "series",
          text: "series",
          fill: "series",
          textAnchor: "start",
          dx: 9,
          dy: -7,
        }),
      ),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}
