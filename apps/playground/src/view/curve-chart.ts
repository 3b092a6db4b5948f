/** A quantity of the runs against training tokens: the curves of the report, drawn in the page. */
import * as Plot from "@observablehq/plot";
import { extentOf, linearAxis, logAxis, type Axis } from "../../../../packages/analysis/src/report/charts/axis.ts";
import { downsample, type Point } from "../../../../packages/analysis/src/report/downsample.ts";

interface Curve {
  /** A CSS colour. */
  readonly color: string;
  readonly points: readonly Point[];
}

export interface CurveChart {
  readonly curves: readonly Curve[];
  /** Tokens of a whole run: the axis stays as it is while curves grow. */
  readonly totalTokens: number;
  /** Default false. */
  readonly log?: boolean;
  /** Values are counts: no ticks between whole numbers. Default false. */
  readonly whole?: boolean;
}

const WIDTH = 420;
const HEIGHT = 220;
/** More than a curve of this width shows, at a size that is drawn several times a second. */
const MOST_POINTS = 300;

/** Undefined where there is nothing to draw yet. */
export function curveChart({ curves, totalTokens, log = false, whole = false }: CurveChart): SVGSVGElement | undefined {
  const shown = curves.map(({ color, points }) => ({
    color,
    points: downsample(
      points.filter(({ y }) => Number.isFinite(y) && (!log || y > 0)),
      MOST_POINTS,
    ),
  }));
  const extent = extentOf(shown.flatMap(({ points }) => points.map(({ y }) => y)));
  if (extent === undefined) return undefined;
  const x = linearAxis([0, totalTokens], { label: "training tokens", zero: true, exact: true, ticks: 4 });
  const y = log ? logAxis(extent, {}) : linearAxis(extent, { zero: true });
  const yTicks = whole ? y.ticks.filter(Number.isInteger) : y.ticks;
  const svg = Plot.plot({
    className: "chart",
    width: WIDTH,
    height: HEIGHT,
    marginTop: 10,
    marginRight: 18,
    marginBottom: 42,
    marginLeft: 48,
    x: { type: "linear", domain: [...x.domain] },
    y: { type: y.log ? "log" : "linear", domain: [...y.domain] },
    marks: [
      Plot.gridY(yTicks, { strokeOpacity: 0.16 }),
      Plot.axisY(yTicks, { ...words(y), tickPadding: 8 }),
      Plot.axisX(x.ticks, { ...words(x), labelAnchor: "center", tickPadding: 8, labelOffset: 40 }),
      ...shown.flatMap(({ color, points }) => [
        Plot.lineY(points, { x: "x", y: "y", stroke: color, strokeWidth: 1.5 }),
        Plot.dot(points.slice(-1), { x: "x", y: "y", fill: color, r: 3 }),
      ]),
    ],
  }) as SVGSVGElement;
  svg.querySelector("style")?.remove(); // the page's style sheet has it once for all charts
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

const words = ({ label, format }: Axis): Plot.AxisXOptions & Plot.AxisYOptions => ({
  label: label ?? null,
  labelArrow: "none",
  text: format,
  tickSize: 0,
});
