/** How the latents of one SAE fire, alone and together, and how alike their atoms are. */
import { l0Quantiles } from "../../sparsity/l0-quantiles.ts";
import type { LatentDensity } from "../../metrics/latent-density.ts";
import { barsChart } from "../charts/bars-chart.ts";
import { linearAxis } from "../charts/axis.ts";
import type { Facts } from "../facts.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatFixed, formatShare } from "../format.ts";
import { html } from "../html.ts";
import { isPlottable } from "../is-plottable.ts";
import type { ReportSae } from "../report-input.ts";
import type { FigureGroup } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { coactivationItems } from "./coactivation-items.ts";
import { cosinesFigures } from "./cosines-figures.ts";
import { groupedCounts } from "./grouped-counts.ts";

export function latentsGroup(sae: ReportSae, style: SeriesStyle): FigureGroup {
  const { density, l0, cosines, coactivation } = sae;
  return {
    title: "Latents",
    facts: latentFacts(sae),
    items: [
      ...(density === undefined || !density.log10Histogram.edges.every(isPlottable)
        ? []
        : [densityFigure(density, style)]),
      ...(l0 === undefined || l0.histogram.length === 0 ? [] : [l0Figure(l0, style)]),
      ...(cosines === undefined ? [] : cosinesFigures(cosines, style)),
      ...(coactivation === undefined ? [] : coactivationItems(coactivation)),
    ],
  };
}

function latentFacts({ density, l0, cosines, summary = {} }: ReportSae): Facts {
  const dense = summary.dense ?? density?.dense.length;
  const denseAbove = density === undefined ? undefined : html`<small>above ${formatShare(density.denseAbove)}</small>`;
  return {
    ...(l0 !== undefined && l0Facts(l0)),
    "Dead latents":
      density && html`${formatCount(density.dead)} <small>in ${formatCount(density.tokens)} tokens</small>`,
    "Dense latents": dense === undefined ? undefined : html`${formatCount(dense)} ${denseAbove}`,
    "Redundant atoms":
      cosines &&
      html`${formatCount(cosines.redundantAtoms)}
        <small>in ${formatCount(cosines.redundantPairs)} pairs above ${formatFixed(cosines.redundantAbove, 2)}</small>`,
    "Zero atoms": cosines && formatCount(cosines.zeroAtoms),
  };
}

/** Mean and quantiles; nothing where no token was counted. */
function l0Facts({ mean, histogram }: NonNullable<ReportSae["l0"]>): Facts {
  const counts = histogram.map((count) => (count > 0 && isPlottable(count) ? count : 0));
  if (!counts.some((count) => count > 0)) return { "Mean L0": formatFixed(mean, 1) };
  const { min, p05, p25, median, p75, p95, max } = l0Quantiles({ histogram: counts });
  const quantiles = [min, p05, p25, median, p75, p95, max].map(formatCount).join(" · ");
  return {
    "Mean L0": formatFixed(mean, 1),
    "L0 quantiles": min === max ? undefined : html`${quantiles} <small>min, 5, 25, 50, 75, 95%, max</small>`,
  };
}

function densityFigure(density: LatentDensity, style: SeriesStyle): Figure {
  const { log10Histogram, dead, dense, denseAbove, tokens } = density;
  const { edges, counts } = log10Histogram;
  const share = (log10: number): string => formatShare(10 ** log10);
  const axis = linearAxis([edges[0]!, 0], {
    label: "share of tokens on which a latent fires (log scale)",
    format: share,
  });
  const living = counts.reduce((sum, count) => sum + count, 0);
  const facts = `${formatCount(dead)} dead in ${formatCount(tokens)} tokens, ${formatCount(dense.length)} dense (above ${formatShare(denseAbove)})`;
  return {
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
  };
}

function l0Figure({ mean, histogram }: NonNullable<ReportSae["l0"]>, style: SeriesStyle): Figure {
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
  return {
    title: "L0 per token",
    caption,
    svg: barsChart({ histogram: grouped, style, x: axis, yLabel: "tokens" }),
    description: `Histogram of active latents per token. ${caption}.`,
    data: { columns: ["Active latents", "Tokens"], rows: counts.map((count, b) => [names[b]!, formatCount(count)]) },
  };
}
