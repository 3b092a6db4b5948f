/** What the weights of one SAE look like. */
import { barsChart } from "../charts/bars-chart.ts";
import { extentOf, linearAxis } from "../charts/axis.ts";
import { figure } from "../figure.ts";
import { formatCount, formatShare, formatSignificant } from "../format.ts";
import { equalWidthHistogram } from "../../histogram.ts";
import type { Html } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { CodeHistogram } from "../../weights/code-histogram.ts";
import { isPlottable } from "./is-plottable.ts";
import type { SharedDomains } from "./shared-domains.ts";

const BINS = 40;

export function weightFigures(sae: ReportSae, style: SeriesStyle, domains: SharedDomains): readonly Html[] {
  const { atomNorms, codes = [], quantizationError } = sae;
  return [
    ...valuesFigure(atomNorms, domains.atomNorm, style, {
      title: "Atom norms",
      caption: "Euclidean norm of every row of the dictionary",
      label: "norm of an atom",
    }),
    ...codes.map((histogram) => codesFigure(histogram, style)),
    ...valuesFigure(quantizationError, domains.quantizationError, style, {
      title: "Quantization error per atom",
      caption: "‖quantized − float‖ / ‖float‖ for every row of the dictionary",
      label: "relative error of an atom",
    }),
  ];
}

function valuesFigure(
  given: ArrayLike<number> | undefined,
  domain: readonly [number, number] | undefined,
  style: SeriesStyle,
  { title, caption, label }: { readonly title: string; readonly caption: string; readonly label: string },
): readonly Html[] {
  const values = Array.from(given ?? []).filter(isPlottable);
  const extent = extentOf(values);
  if (domain === undefined || extent === undefined) return [];
  const x = linearAxis(domain, { label, zero: domain[0] === 0 });
  const histogram = equalWidthHistogram(values, ...x.domain, BINS);
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const [low, high] = [formatSignificant(extent[0]), formatSignificant(extent[1])];
  const facts = low === high ? `all ${low}` : `mean ${formatSignificant(mean)}, from ${low} to ${high}`;
  const { edges, counts } = histogram;
  return [
    figure({
      title,
      caption: `${caption}; ${facts}`,
      svg: barsChart({ histogram, style, x, yLabel: "atoms" }),
      description: `Histogram of ${label} over ${formatCount(values.length)} atoms: ${facts}.`,
      data: {
        columns: ["From", "To", "Atoms"],
        rows: counts.map((count, b) => [
          formatSignificant(edges[b]),
          formatSignificant(edges[b + 1]),
          formatCount(count),
        ]),
      },
    }),
  ];
}

function codesFigure({ matrix, firstCode, counts }: CodeHistogram, style: SeriesStyle): Html {
  const all = Array.from(counts, (count) => (count > 0 && isPlottable(count) ? count : 0));
  const total = all.reduce((sum, count) => sum + count, 0);
  const lastCode = firstCode + all.length - 1;
  const x = linearAxis([firstCode, lastCode], { label: "code", ticks: 8 });
  const share = (count: number): string => formatShare(total > 0 ? count / total : 0);
  const commonest = all.indexOf(Math.max(...all));
  return figure({
    title: `Codes of the ${matrix}`,
    caption: `${formatCount(total)} codes; ${share(all[commonest] ?? 0)} are ${firstCode + commonest}`,
    svg: barsChart({
      histogram: { edges: Array.from({ length: all.length + 1 }, (_, b) => firstCode + b - 0.5), counts: all },
      gap: all.length > 32 ? 0 : 0.2,
      style,
      x: {
        ...x,
        domain: [firstCode - 0.5, lastCode + 0.5],
        ticks: x.ticks.filter((tick) => Number.isInteger(tick) && tick >= firstCode && tick <= lastCode),
        format: (code) => String(code),
      },
      yLabel: "weights",
    }),
    description: `Histogram of the codes of the ${matrix}, ${firstCode} to ${lastCode}; ${share(all[commonest] ?? 0)} are ${firstCode + commonest}.`,
    data: {
      columns: ["Code", "Weights", "Share"],
      rows: all.map((count, b) => [String(firstCode + b), formatCount(count), share(count)]),
    },
  });
}
