/** What the weights of one SAE look like. */
import { barsChart } from "../charts/bars-chart.ts";
import { linearAxis } from "../charts/axis.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatShare } from "../format.ts";
import type { ReportSae } from "../report-input.ts";
import type { FigureGroup } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { CodeHistogram } from "../../weights/code-histogram.ts";
import { valuesFigure } from "./histogram-figure.ts";
import { isPlottable } from "../is-plottable.ts";
import type { SharedDomains } from "./shared-domains.ts";

export function weightsGroup(
  { atomNorms, codes = [] }: ReportSae,
  style: SeriesStyle,
  { atomNorm }: SharedDomains,
): FigureGroup {
  return {
    title: "Weights",
    items: [
      ...valuesFigure(atomNorms, {
        title: "Atom norms",
        caption: "Euclidean norm of every row of the dictionary",
        label: "norm of an atom",
        things: "atoms",
        style,
        ...(atomNorm && { domain: atomNorm }),
      }),
      ...codes.map((histogram) => codesFigure(histogram, style)),
    ],
  };
}

function codesFigure({ matrix, firstCode, counts }: CodeHistogram, style: SeriesStyle): Figure {
  const all = Array.from(counts, (count) => (count > 0 && isPlottable(count) ? count : 0));
  const total = all.reduce((sum, count) => sum + count, 0);
  const lastCode = firstCode + all.length - 1;
  const x = linearAxis([firstCode, lastCode], { label: "code", ticks: 8 });
  const share = (count: number): string => formatShare(total > 0 ? count / total : 0);
  const commonest = all.indexOf(Math.max(...all));
  return {
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
  };
}
