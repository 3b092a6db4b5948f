/**
 * The frame all charts share: Observable Plot drawn on the server into inline SVG. Colours are CSS variables and
 * `currentColor`, sizes come from the view box, so one drawing serves light and dark, screen and paper.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Html } from "../html.ts";
import type { Axis } from "./axis.ts";

export const CHART_WIDTH = 420;
const PLOT_HEIGHT = 168;
const MARGIN_LEFT = 48;
const MARGIN_BOTTOM = 42;

export interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Plot.Markish[];
  /** Room for the labels of the vertical axis. Default 48. */
  readonly marginLeft?: number;
  /** Of what is between the axes. Default 168. */
  readonly plotHeight?: number;
  /** Whether lines lead from the ticks of the vertical axis. Default true. */
  readonly grid?: boolean;
}

/** Where things are on a chart of these axes, in its own units. */
export function chartScales(options: Omit<ChartOptions, "marks">): {
  x(value: number): number;
  y(value: number): number;
} {
  const plot = drawn(framed({ ...options, marks: [Plot.frame()] }));
  const [scaleX, scaleY] = [plot.scale("x")!, plot.scale("y")!];
  return { x: (value) => Number(scaleX.apply(value)), y: (value) => Number(scaleY.apply(value)) };
}

/** The SVG of a chart, hidden from screen readers: the figure around it says what it shows. */
export function chart(options: ChartOptions): Html {
  return drawing(framed(options));
}

/** As {@link chart}, without its axes. */
export function drawing(options: Plot.PlotOptions): Html {
  const svg = drawn(options);
  svg.querySelector("style")?.remove(); // the page's style sheet has it once for all charts
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("aria-hidden", "true");
  return new Html(svg.outerHTML);
}

function drawn(options: Plot.PlotOptions): (SVGSVGElement | HTMLElement) & Plot.Plot {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return Plot.plot({ ...options, document, className: "chart", width: CHART_WIDTH });
}

function framed(options: ChartOptions): Plot.PlotOptions {
  const { x, y, marks, marginLeft = MARGIN_LEFT, plotHeight = PLOT_HEIGHT, grid = true } = options;
  const marginTop = y.label === undefined ? 10 : 26;
  return {
    height: marginTop + plotHeight + MARGIN_BOTTOM,
    marginTop,
    marginRight: 18,
    marginBottom: MARGIN_BOTTOM,
    marginLeft,
    x: scaleOptions(x),
    y: scaleOptions(y),
    marks: [
      ...(grid ? [Plot.gridY(y.ticks, { strokeOpacity: 0.16 })] : []),
      Plot.axisY(y.ticks, { ...axisOptions(y), labelAnchor: "top", tickPadding: 8 }),
      Plot.axisX(x.ticks, { ...axisOptions(x), labelAnchor: "center", tickPadding: 8, labelOffset: 40 }),
      ...marks,
    ],
  };
}

function scaleOptions({ log, domain }: Axis): Plot.ScaleOptions {
  return { type: log ? "log" : "linear", domain: [...domain] };
}

/** Labels go in as text: as a tick format, a log axis would suppress those it finds too dense. */
function axisOptions({ label, format }: Axis): Plot.AxisXOptions & Plot.AxisYOptions {
  return { label: label ?? null, labelArrow: "none", text: format, tickSize: 0 };
}
