/** A histogram as a figure: bars, with the bins as its numbers. */
import { barsChart, type BarsChartOptions } from "../charts/bars-chart.ts";
import { extentOf, linearAxis, type Axis } from "../charts/axis.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatSignificant } from "../format.ts";
import { equalWidthHistogram } from "../../histogram.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { isPlottable } from "../is-plottable.ts";

export interface HistogramFigureOptions extends Omit<BarsChartOptions, "yLabel"> {
  readonly title: string;
  readonly caption: string;
  readonly description: string;
  /** What is counted, in the plural: `atoms`. */
  readonly things: string;
  readonly legend?: Figure["legend"];
}

export function histogramFigure(options: HistogramFigureOptions): Figure {
  const { title, caption, description, things, legend, histogram, ...chart } = options;
  const { edges, counts } = histogram;
  return {
    title,
    caption,
    description,
    ...(legend && { legend }),
    svg: barsChart({ histogram, yLabel: things, ...chart }),
    data: {
      columns: ["From", "To", `${things[0]!.toUpperCase()}${things.slice(1)}`],
      rows: counts.map((count, b) => [
        formatSignificant(edges[b]),
        formatSignificant(edges[b + 1]),
        formatCount(count),
      ]),
    },
  };
}

const BINS = 40;

export interface ValuesFigureOptions {
  readonly title: string;
  readonly caption: string;
  /** Of one of the things: `norm of an atom`. */
  readonly label: string;
  readonly things: string;
  readonly style: SeriesStyle;
  /** What the horizontal axis reaches over at least. Default: the values. */
  readonly domain?: readonly [number, number];
  /** Ends the axis where the domain ends, instead of at ticks. Default false. */
  readonly exact?: boolean;
  readonly log?: boolean;
  readonly mark?: BarsChartOptions["mark"];
}

/** A histogram of values, with their mean and extent in its caption; none where no value is finite. */
export function valuesFigure(given: ArrayLike<number> | undefined, options: ValuesFigureOptions): readonly Figure[] {
  const { title, caption, label, things, style, domain, exact = false, log = false, mark } = options;
  const values = Array.from(given ?? []).filter(isPlottable);
  const extent = extentOf(values);
  if (extent === undefined) return [];
  const [from, to] = extentOf([...extent, ...(domain ?? [])])!;
  const x: Axis = linearAxis([from, to], { label, zero: from === 0, exact });
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const [low, high] = [formatSignificant(extent[0]), formatSignificant(extent[1])];
  const facts = low === high ? `all ${low}` : `mean ${formatSignificant(mean)}, from ${low} to ${high}`;
  const left = (given ?? []).length - values.length;
  return [
    histogramFigure({
      title,
      caption: `${caption}; ${facts}${left > 0 ? `; ${formatCount(left)} values that are not finite left out` : ""}`,
      description: `Histogram of ${label} over ${formatCount(values.length)} ${things}: ${facts}.`,
      things,
      histogram: equalWidthHistogram(values, ...x.domain, BINS),
      style,
      x,
      log,
      ...(mark && { mark }),
    }),
  ];
}
