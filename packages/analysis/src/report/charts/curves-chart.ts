/** One quantity of several runs against training tokens. */
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
  /** Makes a linear vertical axis begin at 0. Default false. */
  readonly zero?: boolean;
  /** Positive values over more than this ratio get a logarithmic axis. Default: never. */
  readonly logAbove?: number;
}

/** @returns the drawing, and whether its vertical axis is logarithmic */
export function curvesChart({ curves, zero = false, logAbove = Infinity }: CurvesChartOptions): {
  readonly svg: Html;
  readonly log: boolean;
} {
  const all = curves.flatMap(({ points }) => points);
  const [low, high] = extentOf(all.map(({ y }) => y))!;
  const log = low > 0 && high / low > logAbove;
  const x = linearAxis(extentOf(all.map((point) => point.x))!, { label: "training tokens", zero: true, exact: true });
  const y: Axis = (log ? logAxis : linearAxis)([low, high], { zero });
  const marks = curves.flatMap(({ points, style }) => [
    Plot.lineY(downsample(points), {
      x: "x",
      y: "y",
      stroke: style.color,
      strokeWidth: 1.5,
      ...(style.dash !== undefined && { strokeDasharray: style.dash }),
    }),
    Plot.dot(points.slice(-1), { x: "x", y: "y", fill: style.color, r: 3 }),
  ]);
  return { svg: chart({ x, y, marks }), log };
}
