/** What an SAE costs against what it loses: FVU over bits per weight, with the frontier of those that no other one beats. */
import * as Plot from "@observablehq/plot";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { extentOf, linearAxis, logAxis } from "./axis.ts";
import { chart, chartScales } from "./chart.ts";
import { placeLabels } from "./place-labels.ts";

export interface FrontierPoint {
  readonly name: string;
  readonly style: SeriesStyle;
  /** Positive. */
  readonly bitsPerWeight: number;
  readonly fvu: number;
}

/** Points that no other point beats in both bits and FVU, by ascending bits. */
export function frontierOf<P extends Pick<FrontierPoint, "bitsPerWeight" | "fvu">>(points: readonly P[]): readonly P[] {
  const ascending = [...points].sort((a, b) => a.bitsPerWeight - b.bitsPerWeight || a.fvu - b.fvu);
  let best = Infinity;
  return ascending.filter(({ fvu }) => {
    const better = fvu < best;
    if (better) best = fvu;
    return better;
  });
}

/** @param points at least one */
export function frontierChart(points: readonly FrontierPoint[]): Html {
  const [low, high] = extentOf(points.map(({ bitsPerWeight }) => bitsPerWeight))!;
  const axis = logAxis([low / 1.25, high * 1.25], { label: "bits per weight (log scale)" });
  const doublings = Array.from({ length: 16 }, (_, i) => 2 ** (i - 4)).filter(
    (bits) => bits >= axis.domain[0] && bits <= axis.domain[1],
  );
  const x = { ...axis, ticks: doublings.length >= 2 ? doublings : axis.ticks };
  const y = linearAxis(extentOf([0, ...points.map(({ fvu }) => fvu)])!, { label: "FVU", zero: true });
  const frontier = frontierOf(points);
  // the frontier is named first, the others where there is room left
  const ordered = [...frontier, ...points.filter((point) => !frontier.includes(point))];
  const scale = chartScales({ x, y });
  const labels = placeLabels(
    ordered.map(({ name, bitsPerWeight, fvu }) => ({ text: name, x: scale.x(bitsPerWeight), y: scale.y(fvu) })),
    { left: scale.x(x.domain[0]), right: scale.x(x.domain[1]), top: scale.y(y.domain[1]), bottom: scale.y(0) },
  );
  const named = ordered.flatMap((point, i) => (labels[i] === undefined ? [] : [{ ...point, label: labels[i] }]));
  return chart({
    x,
    y,
    marks: [
      Plot.lineY(frontier, {
        x: "bitsPerWeight",
        y: "fvu",
        curve: "step-after",
        stroke: "currentColor",
        strokeOpacity: 0.5,
        strokeDasharray: "3 3",
      }),
      ...points.map(({ bitsPerWeight, fvu, style }) =>
        Plot.dot([[bitsPerWeight, fvu]], { r: 5, fill: style.color, stroke: "var(--paper)", strokeWidth: 1.5 }),
      ),
      ...named.map(({ bitsPerWeight, fvu, label: { text, dx, dy, anchor } }) =>
        Plot.text([[bitsPerWeight, fvu]], {
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
}
