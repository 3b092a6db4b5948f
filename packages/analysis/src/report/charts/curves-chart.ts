/** A quantity of one or several series as lines. */
import * as Plot from "@observablehq/plot";
import { downsample, type Point } from "../downsample.ts";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { extentOf, linearAxis, logAxis, type Axis } from "./axis.ts";
import { chart } from "./chart.ts";

export interface Curve {
  readonly name: string;
  readonly style: SeriesStyle;
  /** Finite, ascending in x. At least one. */
  readonly points: readonly Point[];
}

export interface CurvesChartOptions {
  /** At least one. */
  readonly curves: readonly Curve[];
  readonly x: Axis;
  /** Makes a linear vertical axis begin at 0. Default false. */
  readonly zero?: boolean;
  /** Positive values over more than this ratio get a logarithmic axis. Default: never. */
  readonly logAbove?: number;
  /** Words of the vertical axis. Default: as axes have them. */
  readonly format?: (value: number) => string;
}

/** Fewer points are marked one by one: they may be far apart, or alone. */
const MARKED_BELOW = 40;

/** @returns the drawing, and whether its vertical axis is logarithmic */
export function curvesChart({ curves, x, zero = false, logAbove = Infinity, format }: CurvesChartOptions): {
  readonly svg: Html;
  readonly log: boolean;
} {
  const [low, high] = extentOf(curves.flatMap(({ points }) => points.map(({ y }) => y)))!;
  const log = low > 0 && high / low > logAbove;
  const y: Axis = (log ? logAxis : linearAxis)([low, high], { zero, ...(format && { format }) });
  const marks = curves.flatMap(({ points, style }) => [
    Plot.lineY(downsample(points), {
      x: "x",
      y: "y",
      stroke: style.color,
      strokeWidth: 1.5,
      ...(style.dash !== undefined && { strokeDasharray: style.dash }),
    }),
    ...(points.length < MARKED_BELOW ? [Plot.dot(points, { x: "x", y: "y", fill: style.color, r: 2 })] : []),
    Plot.dot(points.slice(-1), { x: "x", y: "y", fill: style.color, r: 3 }),
  ]);
  return { svg: chart({ x, y, marks }), log };
}
