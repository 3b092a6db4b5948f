/** FVU over bits per weight as an SVG: one line per method and side. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { seriesOf, type TableInput } from "./table.ts";

const LEGEND_LINE = 20;

export function frontierCurve({ rows, floatFvu }: TableInput): string {
  const { document } = parseHTML("<html><body></body></html>");
  const series = seriesOf(rows);
  const points = series.flatMap(({ name, cells }) =>
    [...cells].sort((a, b) => a.bits - b.bits).map((row) => ({ ...row, series: name })),
  );
  const svg = Plot.plot({
    document,
    width: 860,
    height: 480,
    marginTop: 36,
    marginLeft: 60,
    marginRight: 190,
    marginBottom: 48,
    style: { background: "white", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    x: {
      type: "log",
      base: 2,
      domain: [0.98, 4.4],
      label: "bits per weight, scales included",
      labelAnchor: "center",
      ticks: [1, 1.5, 2, 3, 4],
      tickFormat: "~g",
    },
    y: {
      type: "log",
      domain: [0.07, 0.5],
      label: "held-out FVU",
      ticks: [0.075, 0.1, 0.15, 0.2, 0.3, 0.5],
      tickFormat: "~g",
      grid: true,
    },
    color: { scheme: "tableau10", domain: series.map(({ name }) => name) },
    marks: [
      Plot.ruleY([floatFvu], { stroke: "#777", strokeDasharray: "4 3" }),
      Plot.text([floatFvu], {
        y: (fvu: number) => fvu,
        frameAnchor: "right",
        dx: 36,
        text: () => "float",
        fill: "#555",
      }),
      Plot.line(points, { x: "bits_per_weight", y: "fvu", z: "series", stroke: "series", strokeWidth: 1.8 }),
      Plot.dot(points, { x: "bits_per_weight", y: "fvu", fill: "series", r: 3.5 }),
      ...series.flatMap(({ name }, line) => legendLine(name, line)),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}

/** A key of the legend, in the margin to the right. */
function legendLine(name: string, line: number): Plot.Markish[] {
  const place = { frameAnchor: "top-right", dy: 8 + line * LEGEND_LINE } as const;
  return [
    Plot.dot([name], { ...place, dx: 20, r: 4.5, fill: (own: string) => own }),
    Plot.text([name], {
      ...place,
      dx: 30,
      text: (own: string) => own,
      textAnchor: "start",
      lineAnchor: "middle",
      fill: "#222",
    }),
  ];
}
