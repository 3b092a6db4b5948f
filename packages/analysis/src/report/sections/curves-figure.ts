/** A quantity of several series against training tokens, as a figure. */
import { extentOf, linearAxis } from "../charts/axis.ts";
import { curvesChart, type Curve } from "../charts/curves-chart.ts";
import type { Point } from "../downsample.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatShare, formatSignificant } from "../format.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { isPlottable } from "../is-plottable.ts";

export interface Quantity {
  readonly title: string;
  readonly caption: string;
  /** Makes a linear axis begin at 0. */
  readonly zero?: boolean;
  /** Positive values over more than this ratio get a logarithmic axis. */
  readonly logAbove?: number;
  /** Always on a logarithmic axis: zeros are left out. */
  readonly log?: boolean;
  /** Between 0 and 1, in percent. */
  readonly share?: boolean;
}

export interface Series {
  readonly name: string;
  readonly style: SeriesStyle;
  /** As they were recorded: not all need be finite. */
  readonly points: readonly Point[];
}

/** Less is zero on a logarithmic axis. */
const LEAST_LOG = 1e-100;

/** None where there is nothing to draw. @param of what series are, for the table: `Run` */
export function curvesFigure(quantity: Quantity, all: readonly Series[], of: string): readonly Figure[] {
  const { title, caption, zero, logAbove, log: alwaysLog = false, share = false } = quantity;
  let left = 0;
  let zeros = 0;
  const isShown = ({ x, y }: Point): boolean => {
    const finite = isPlottable(x) && isPlottable(y);
    const isZero = finite && alwaysLog && y < LEAST_LOG;
    if (!finite) left++;
    if (isZero) zeros++;
    return finite && !isZero;
  };
  const curves = all
    .map(({ points, ...series }): Curve => ({ ...series, points: points.filter(isShown) }))
    .filter(({ points }) => points.length > 0);
  if (curves.length === 0) return [];
  const tokens = extentOf(curves.flatMap(({ points }) => points.map(({ x }) => x)))!;
  const { svg, log } = curvesChart({
    curves,
    x: linearAxis(tokens, { label: "training tokens", zero: true, exact: true, ticks: 4 }),
    ...(zero !== undefined && { zero }),
    ...(alwaysLog ? { logAbove: 0 } : logAbove !== undefined && { logAbove }),
    ...(share && { format: formatShare }),
  });
  const words = share ? formatShare : formatSignificant;
  const rows = curves.map(({ name, points }) => {
    const [low, high] = extentOf(points.map(({ y }) => y))!;
    return [name, ...[points[0]!.y, low, high, points.at(-1)!.y].map(words)] as const;
  });
  return [
    {
      title,
      caption: [
        caption,
        ...(log ? ["log scale"] : []),
        ...(zeros > 0 ? [`${formatCount(zeros)} zeros left out`] : []),
        ...(left > 0 ? [`${formatCount(left)} values that are not finite left out`] : []),
      ].join("; "),
      ...(all.length > 1 && { legend: curves.map(({ name, style }) => ({ name, style })) }),
      svg,
      description:
        `Line chart of ${title} against training tokens: ` +
        rows.map(([name, first, , , last]) => `${name} from ${first} to ${last}`).join("; "),
      data: { columns: [of, "First", "Lowest", "Highest", "Last"], rows },
    },
  ];
}
