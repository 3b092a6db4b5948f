/** A histogram: bars between the edges of bins. */
import * as Plot from "@observablehq/plot";
import type { Histogram } from "../../histogram.ts";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { linearAxis, type Axis } from "./axis.ts";
import { chart } from "./chart.ts";

export interface BarsChartOptions {
  readonly histogram: Pick<Histogram, "edges" | "counts">;
  /** Share of its bin that a bar leaves free: for values that are separate by nature. Default 0: a hairline. */
  readonly gap?: number;
  readonly style: SeriesStyle;
  readonly x: Axis;
  /** What the bars count. */
  readonly yLabel: string;
  /** A dashed vertical line with its name. */
  readonly mark?: { readonly x: number; readonly label: string };
}

export function barsChart({ histogram: { edges, counts }, gap = 0, style, x, yLabel, mark }: BarsChartOptions): Html {
  const pad = (b: number): number => (gap / 2) * (edges[b + 1]! - edges[b]!);
  const bars = counts.map((count, b) => ({ from: edges[b]! + pad(b), to: edges[b + 1]! - pad(b), count }));
  const y = linearAxis([0, Math.max(1, ...counts)], { label: yLabel, zero: true, ticks: 4 });
  // hairlines between bars, until they would be thinner than the line
  const inset = bars.length > 100 ? 0 : 0.5;
  const marks = [
    Plot.rectY(bars, { x1: "from", x2: "to", y: "count", fill: style.color, insetLeft: inset, insetRight: inset }),
    Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
  ];
  if (mark === undefined) return chart({ x, y, marks });
  const at = [{ ...mark, y: y.domain[1] }];
  return chart({
    x,
    y,
    marks: [
      ...marks,
      Plot.ruleX(at, { x: "x", stroke: "currentColor", strokeDasharray: "3 3" }),
      Plot.text(at, { x: "x", y: "y", text: "label", textAnchor: "start", dx: 6, dy: 6, fill: "currentColor" }),
    ],
  });
}
