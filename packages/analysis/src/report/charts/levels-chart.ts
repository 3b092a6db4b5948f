/** FVU with the first m levels of an SAE. */
import * as Plot from "@observablehq/plot";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { linearAxis } from "./axis.ts";
import { chart } from "./chart.ts";

/** @param fvuByLevel finite, at least one */
export function levelsChart(fvuByLevel: readonly number[], style: SeriesStyle): Html {
  const points = fvuByLevel.map((fvu, m) => ({ level: m + 1, fvu }));
  const levels = linearAxis([1, Math.max(2, points.length)], { label: "levels used" });
  const x = { ...levels, domain: [0.8, Math.max(2, points.length) + 0.2] as const };
  return chart({
    x: { ...x, ticks: x.ticks.filter((tick) => Number.isInteger(tick) && tick >= 1 && tick <= points.length) },
    y: linearAxis([0, Math.max(...fvuByLevel)], { label: "FVU", zero: true }),
    marks: [
      Plot.lineY(points, { x: "level", y: "fvu", stroke: style.color, strokeWidth: 1.75 }),
      Plot.dot(points, { x: "level", y: "fvu", fill: style.color, r: 4 }),
    ],
  });
}
