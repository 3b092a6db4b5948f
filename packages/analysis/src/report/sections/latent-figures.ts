/** How the latents of one SAE fire. */
import { barsChart } from "../charts/bars-chart.ts";
import { linearAxis } from "../charts/axis.ts";
import { figure } from "../figure.ts";
import { formatCount, formatFixed, formatShare } from "../format.ts";
import type { Html } from "../html.ts";
import type { LatentDensity } from "../../metrics/latent-density.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { groupedCounts } from "./grouped-counts.ts";

export function latentFigures({ density, l0 }: ReportSae, style: SeriesStyle): readonly Html[] {
  return [
    ...(density === undefined ? [] : [densityFigure(density, style)]),
    ...(l0 === undefined || l0.histogram.length === 0 ? [] : [l0Figure(l0, style)]),
  ];
}

function densityFigure(density: LatentDensity, style: SeriesStyle): Html {
  const { log10Histogram, dead, dense, denseAbove, tokens } = density;
  const { edges, counts } = log10Histogram;
  const share = (log10: number): string => formatShare(10 ** log10);
  const axis = linearAxis([edges[0]!, 0], {
    label: "share of tokens on which a latent fires (log scale)",
    format: share,
  });
  const living = counts.reduce((sum, count) => sum + count, 0);
  const facts = `${formatCount(dead)} dead in ${formatCount(tokens)} tokens, ${formatCount(dense.length)} dense (above ${formatShare(denseAbove)})`;
  return figure({
    title: "Latent density",
    caption: `${formatCount(living)} latents that fire; ${facts}`,
    svg: barsChart({
      histogram: log10Histogram,
      style,
      x: {
        ...axis,
        domain: [edges[0]!, 0],
        ticks: axis.ticks.filter((tick) => Number.isInteger(tick) && tick >= edges[0]!),
      },
      yLabel: "latents",
      ...(denseAbove > 0 && { mark: { x: Math.log10(denseAbove), label: "dense" } }),
    }),
    description: `Histogram of the density of ${formatCount(living)} latents on a log scale; ${facts}.`,
    data: {
      columns: ["Fires on", "Latents"],
      rows: counts.map((count, b) => [`${share(edges[b]!)} to ${share(edges[b + 1]!)}`, formatCount(count)]),
    },
  });
}

function l0Figure({ mean, histogram }: NonNullable<ReportSae["l0"]>, style: SeriesStyle): Html {
  const grouped = groupedCounts(histogram);
  const { edges, counts, names } = grouped;
  const everyToken = counts.length === 1 && names.length === 1 ? `; every token has ${names[0]!}` : "";
  const caption = `Mean ${formatFixed(mean, 1)}${everyToken}`;
  // a lone bar keeps its neighbourhood, else it would fill the chart
  const margin = Math.max(0, 5 - (edges.at(-1)! - edges[0]!) / 2);
  const axis = linearAxis([Math.max(0, edges[0]! - margin), edges.at(-1)! + margin], {
    label: "active latents per token",
    exact: margin > 0,
  });
  return figure({
    title: "L0 per token",
    caption,
    svg: barsChart({ histogram: grouped, style, x: axis, yLabel: "tokens" }),
    description: `Histogram of active latents per token. ${caption}.`,
    data: { columns: ["Active latents", "Tokens"], rows: counts.map((count, b) => [names[b]!, formatCount(count)]) },
  });
}
