/**
 * What SAEs cost against what they lose: FVU over bits or bytes, with the frontier of those that no other one beats, and beside
 * them what rounding alone makes of each.
 */
import * as Plot from "@observablehq/plot";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { extentOf, linearAxis, type Axis } from "./axis.ts";
import { chart, chartScales } from "./chart.ts";
import { placeLabels } from "./place-labels.ts";

export interface CostPoint {
  /** Positive. */
  readonly cost: number;
  readonly fvu: number;
}

export interface SaePoint extends CostPoint {
  readonly name: string;
  readonly style: SeriesStyle;
}

/** A light line through small points, by ascending cost. */
export interface SideLine {
  readonly style: SeriesStyle;
  readonly points: readonly (CostPoint & { readonly name?: string })[];
}

export interface TradeoffChartOptions {
  /** With the lines', at least one. */
  readonly points: readonly SaePoint[];
  readonly lines?: readonly SideLine[];
  /** Of the cost, around the costs. */
  readonly x: (extent: readonly [number, number]) => Axis;
  /** Joins the points that no other one beats. Default true. */
  readonly frontier?: boolean;
}

/** Taller than other charts: names need room. */
const PLOT_HEIGHT = 224;

/** Points that no other point beats in both cost and FVU, by ascending cost. */
export function frontierOf<P extends CostPoint>(points: readonly P[]): readonly P[] {
  const ascending = [...points].sort((a, b) => a.cost - b.cost || a.fvu - b.fvu);
  let best = Infinity;
  return ascending.filter(({ fvu }) => {
    const better = fvu < best;
    if (better) best = fvu;
    return better;
  });
}

/** @returns the drawing, and whether there was room for the names of all points */
export function tradeoffChart({ points, lines = [], x: axis, frontier: joined = true }: TradeoffChartOptions): {
  readonly svg: Html;
  readonly allNamed: boolean;
} {
  const all = [...points, ...lines.flatMap((line) => line.points)];
  const [low, high] = extentOf(all.map(({ cost }) => cost))!;
  const x = axis([low / 1.25, high * 1.25]);
  const y = linearAxis(extentOf([0, ...all.map(({ fvu }) => fvu)])!, { label: "FVU", zero: true });
  const frontier = joined ? frontierOf(points) : [];
  // the frontier is named first, the others where there is room left
  const ordered = [
    ...frontier,
    ...points.filter((point) => !frontier.includes(point)),
    ...lines.flatMap((line) => line.points),
  ];
  const scale = chartScales({ x, y, plotHeight: PLOT_HEIGHT });
  const labels = placeLabels(
    ordered.map(({ name = "", cost, fvu }) => ({ text: name, x: scale.x(cost), y: scale.y(fvu) })),
    {
      left: scale.x(x.domain[0]),
      right: scale.x(x.domain[1]),
      top: scale.y(y.domain[1]),
      bottom: scale.y(y.domain[0]),
    },
  );
  const named = ordered.flatMap((point, i) => (labels[i] === undefined ? [] : [{ ...point, label: labels[i] }]));
  const svg = chart({
    x,
    y,
    plotHeight: PLOT_HEIGHT,
    marks: [
      ...lines.flatMap(({ style, points: side }) => [
        Plot.lineY(side, { x: "cost", y: "fvu", stroke: style.color, strokeOpacity: 0.55, strokeWidth: 1.25 }),
        Plot.dot(side, { x: "cost", y: "fvu", r: 2.5, fill: "var(--paper)", stroke: style.color, strokeWidth: 1.25 }),
      ]),
      Plot.lineY(frontier, {
        x: "cost",
        y: "fvu",
        curve: "step-after",
        stroke: "currentColor",
        strokeOpacity: 0.5,
        strokeDasharray: "3 3",
      }),
      ...points.map(({ cost, fvu, style }) =>
        Plot.dot([[cost, fvu]], { r: 5, fill: style.color, stroke: "var(--paper)", strokeWidth: 1.5 }),
      ),
      ...named.map(({ cost, fvu, label: { text, dx, dy, anchor } }) =>
        Plot.text([[cost, fvu]], {
          text: [text],
          textAnchor: anchor,
          dx,
          dy,
          fill: "var(--ink)",
          stroke: "var(--paper)",
          strokeWidth: 4,
        }),
      ),
    ],
  });
  return { svg, allNamed: points.every((point) => labels[ordered.indexOf(point)] !== undefined) };
}
