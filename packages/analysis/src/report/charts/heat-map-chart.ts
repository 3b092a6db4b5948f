/** A square table of shares as cells, the more the further from the paper's colour. */
import * as Plot from "@observablehq/plot";
import { formatShare } from "../format.ts";
import type { Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { CHART_WIDTH, drawing } from "./chart.ts";

export interface HeatMapOptions {
  /** One per row, and the same per column. At least one. */
  readonly names: readonly string[];
  /** `[names, names]`, from 0 to 1. The diagonal is not shown: it is 1. */
  readonly values: ArrayLike<number>;
}

/** Ends of the classes of colour; below the first there is none. Doubling, since few pairs come close to 1. */
const CLASSES = [0.01, 0.05, 0.1, 0.2, 0.4, 0.7];

const MARGIN = 40;
const MARGIN_RIGHT = 4;

/** Classes with a colour, for a legend. */
export const heatClasses: readonly { readonly name: string; readonly style: SeriesStyle }[] = CLASSES.map(
  (from, c) => ({
    name: `${formatShare(from)} to ${formatShare(CLASSES[c + 1] ?? 1)}`,
    style: { color: heatColor(c) },
  }),
);

export function heatMapChart({ names, values }: HeatMapOptions): Html {
  const count = names.length;
  const cells = names.flatMap((_, row) =>
    names.map((_, column) => ({ row, column, share: values[row * count + column]! })),
  );
  const shown = CLASSES.map((from, c) => ({
    color: heatColor(c),
    cells: cells.filter(
      ({ share, row, column }) => row !== column && share >= from && share < (CLASSES[c + 1] ?? Infinity),
    ),
  }));
  const side = CHART_WIDTH - MARGIN - MARGIN_RIGHT;
  const fontSize = Math.min(11, (0.86 * side) / count);
  const axis = { label: null, tickSize: 0, tickPadding: 4, fontSize, tickFormat: (index: number) => names[index]! };
  const indices = names.map((_, i) => i);
  return drawing({
    height: MARGIN + side + MARGIN_RIGHT,
    marginTop: MARGIN,
    marginLeft: MARGIN,
    marginRight: MARGIN_RIGHT,
    marginBottom: MARGIN_RIGHT,
    x: { type: "band", domain: indices, padding: 0, round: false },
    y: { type: "band", domain: indices, padding: 0, round: false },
    marks: [
      Plot.frame({ fill: "var(--panel)", stroke: "none" }),
      ...shown.map(({ color, cells }) => Plot.cell(cells, { x: "column", y: "row", fill: color, inset: 0.25 })),
      Plot.cell(indices, { x: (i: number) => i, y: (i: number) => i, fill: "var(--line)", inset: 0.25 }),
      Plot.axisX({ ...axis, anchor: "top", tickRotate: -90 }),
      Plot.axisY(axis),
    ],
  });
}

function heatColor(index: number): string {
  return `var(--heat-${index + 1})`;
}
