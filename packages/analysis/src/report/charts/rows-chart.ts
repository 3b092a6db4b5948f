/** A few values with names: a bar each, from 0, with the value at its end. */
import * as Plot from "@observablehq/plot";
import type { Html } from "../html.ts";
import { linearAxis } from "./axis.ts";
import { chart } from "./chart.ts";

export interface Row {
  readonly name: string;
  /** Finite, not negative. */
  readonly value: number;
  /** The value in words. */
  readonly text: string;
  readonly color: string;
}

const ROW_HEIGHT = 40;
/** About what a character of the labels takes where they are largest, on paper. */
const CHARACTER_WIDTH = 7.2;

/** @param rows at least one, names of up to 20 characters */
export function rowsChart(rows: readonly Row[], xLabel: string): Html {
  const bars = rows.map((row, r) => ({ ...row, from: r + 0.2, to: r + 0.8, middle: r + 0.5 }));
  const x = linearAxis([0, 1.12 * Math.max(...rows.map(({ value }) => value))], { label: xLabel, zero: true });
  return chart({
    x,
    y: {
      domain: [rows.length, 0],
      log: false,
      ticks: bars.map(({ middle }) => middle),
      format: (middle) => rows[Math.floor(middle)]!.name,
    },
    grid: false,
    marginLeft: 14 + CHARACTER_WIDTH * Math.max(...rows.map(({ name }) => name.length)),
    plotHeight: ROW_HEIGHT * rows.length,
    marks: [
      ...bars.map((bar) => Plot.rectX([bar], { x1: 0, x2: "value", y1: "from", y2: "to", fill: bar.color })),
      Plot.text(bars, { x: "value", y: "middle", text: "text", textAnchor: "start", dx: 6, fill: "var(--ink)" }),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
    ],
  });
}
