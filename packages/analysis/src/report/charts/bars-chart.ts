/** A histogram: bars between the edges of bins, and the outline of another one over it. */
import * as Plot from "@observablehq/plot";
import type { Histogram } from "../../histogram.ts";
import type { Html } from "../html.ts";
import { isPlottable } from "../is-plottable.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { linearAxis, logAxis, type Axis } from "./axis.ts";
import { chart } from "./chart.ts";

type Bins = Pick<Histogram, "edges" | "counts">;

export interface BarsChartOptions {
  readonly histogram: Bins;
  /** Drawn as a line. Its bins may differ. */
  readonly outline?: { readonly histogram: Bins; readonly style: SeriesStyle };
  /** Share of its bin that a bar leaves free: for values that are separate by nature. Default 0: a hairline. */
  readonly gap?: number;
  readonly style: SeriesStyle;
  readonly x: Axis;
  /** What the bars count. */
  readonly yLabel: string;
  /** Counts on a logarithmic axis. Default false. */
  readonly log?: boolean;
  /** A dashed vertical line with its name. */
  readonly mark?: { readonly x: number; readonly label: string };
}

/** More have no room for hairlines between them, without which their edges shimmer: they become one area. */
const MOST_BARS = 100;
/** Where bars of a logarithmic axis stand: one thing is seen, none is not. */
const LOG_FLOOR = 0.5;

export function barsChart(options: BarsChartOptions): Html {
  const { histogram, outline, gap = 0, style, x, yLabel, log = false, mark } = options;
  const { edges } = histogram;
  const counts = histogram.counts.map(countShown);
  const most = Math.max(1, ...counts, ...(outline?.histogram.counts ?? []).map(countShown));
  const y = log
    ? logAxis([LOG_FLOOR, 1.2 * most], { label: `${yLabel} (log scale)`, ticks: 4 })
    : linearAxis([0, most], { label: yLabel, zero: true, ticks: 4 });
  const [floor, top] = y.domain;
  const pad = (b: number): number => (gap / 2) * (edges[b + 1]! - edges[b]!);
  const bars = counts
    .map((count, b) => ({ from: edges[b]! + pad(b), to: edges[b + 1]! - pad(b), count }))
    .filter(({ count }) => count > floor);
  const manyBars = counts.length > MOST_BARS;
  const at = mark !== undefined && mark.x >= x.domain[0] && mark.x <= x.domain[1] ? [{ ...mark, y: top }] : [];
  const labelLeft = mark !== undefined && mark.x > (x.domain[0] + x.domain[1]) / 2;
  return chart({
    x,
    y,
    marks: [
      manyBars
        ? Plot.areaY(outlineOf(histogram, floor), { x: "x", y1: floor, y2: "y", fill: style.color })
        : Plot.rectY(bars, {
            x1: "from",
            x2: "to",
            y1: floor,
            y2: "count",
            fill: style.color,
            insetLeft: 0.5,
            insetRight: 0.5,
          }),
      ...(outline === undefined
        ? []
        : [
            Plot.lineY(outlineOf(outline.histogram, floor), {
              x: "x",
              y: "y",
              stroke: outline.style.color,
              strokeWidth: 1.75,
            }),
          ]),
      Plot.ruleY([floor], { stroke: "currentColor", strokeOpacity: 0.6 }),
      Plot.ruleX(at, { x: "x", stroke: "currentColor", strokeDasharray: "3 3" }),
      Plot.text(at, {
        x: "x",
        y: "y",
        text: "label",
        textAnchor: labelLeft ? "end" : "start",
        dx: labelLeft ? -6 : 6,
        dy: 6,
        fill: "currentColor",
        stroke: "var(--paper)",
        strokeWidth: 4,
      }),
    ],
  });
}

/** What is no count has no bar. */
function countShown(count: number): number {
  return count > 0 && isPlottable(count) ? count : 0;
}

function outlineOf({ edges, counts }: Bins, floor: number): readonly { readonly x: number; readonly y: number }[] {
  const steps = counts.flatMap((count, b) => {
    const y = Math.max(floor, countShown(count));
    return [
      { x: edges[b]!, y },
      { x: edges[b + 1]!, y },
    ];
  });
  return [{ x: edges[0]!, y: floor }, ...steps, { x: edges.at(-1)!, y: floor }];
}
