/** How well one SAE reconstructs: in figures, by level, and beside what rounding makes of it. */
import type { LevelSummary } from "../../evaluation-summary.ts";
import { bitsAxis } from "../charts/cost-axes.ts";
import { levelsChart } from "../charts/levels-chart.ts";
import { tradeoffChart } from "../charts/tradeoff-chart.ts";
import type { Facts } from "../facts.ts";
import type { Figure } from "../figure.ts";
import { formatBytes, formatCount, formatFixed, formatFvu, formatSignificant } from "../format.ts";
import { html } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { FigureGroup } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { TablePanel } from "../table-panel.ts";
import { isPlottable } from "../is-plottable.ts";
import { bitsPoints, roundedPoints } from "./tradeoff-points.ts";

export function reconstructionGroup(sae: ReportSae, style: SeriesStyle): FigureGroup {
  const levels = sae.summary?.by_level ?? [];
  return {
    title: "Reconstruction",
    facts: reconstructionFacts(sae),
    items: [
      ...(levels.length > 1 ? [levelsPanel(levels), ...levelsFigure(levels, style)] : []),
      ...roundedFigure(sae, style),
    ],
  };
}

function reconstructionFacts({ summary = {} }: ReportSae): Facts {
  const { fvu, mse, shrinkage, tokens } = summary;
  return {
    FVU: fvu === undefined ? undefined : html`${formatFvu(fvu)} <small>${formatCount(tokens)} tokens</small>`,
    MSE: mse === undefined ? undefined : formatSignificant(mse),
    Shrinkage: shrinkage === undefined ? undefined : html`${formatFixed(shrinkage, 4)} <small>1 is unbiased</small>`,
  };
}

function levelsPanel(levels: readonly LevelSummary[]): TablePanel {
  return {
    title: "Levels",
    caption: "What the first levels do and weigh",
    columns: ["Levels", "FVU", "L0", "Latents", "Bits per weight", "Size"],
    rows: levels.map(({ levels: used, fvu, l0, latents, bits_per_weight: bits, bytes }) => [
      used === 1 ? "the first" : `the first ${used}`,
      formatFvu(fvu),
      formatFixed(l0, 1),
      formatCount(latents),
      formatFixed(bits, 2),
      html`${formatBytes(bytes)} <small>${formatCount(bytes)} bytes</small>`,
    ]),
  };
}

function levelsFigure(levels: readonly LevelSummary[], style: SeriesStyle): readonly Figure[] {
  const fvuByLevel = levels.map(({ fvu }) => fvu);
  if (!fvuByLevel.every(isPlottable)) return [];
  const steps = levels.map(({ levels: used, fvu }) => `${used}: ${formatFvu(fvu)}`).join("; ");
  return [
    {
      title: "FVU by level",
      caption: "Reconstruction with the first levels only",
      svg: levelsChart(fvuByLevel, style),
      description: `Line chart of FVU by number of levels: ${steps}.`,
      data: {
        columns: ["Levels", "FVU", "Bytes"],
        rows: levels.map(({ levels: used, fvu, bytes }) => [String(used), formatFvu(fvu), formatCount(bytes)]),
      },
    },
  ];
}

function roundedFigure(sae: ReportSae, style: SeriesStyle): readonly Figure[] {
  const rounded = roundedPoints(sae);
  if (rounded.length === 0) return [];
  const measuredOn = new Set((sae.rounded ?? []).map(({ tokens }) => formatCount(tokens)));
  return [
    {
      title: "FVU by bits",
      caption: `The line: its weights rounded to nearest, without training, on ${[...measuredOn].join(" or ")} tokens. The point: as it is`,
      svg: tradeoffChart({
        points: bitsPoints([sae], () => style),
        lines: [{ style, points: rounded }],
        x: bitsAxis,
        frontier: false,
      }).svg,
      description: `FVU when weights are rounded: ${rounded.map(({ name, fvu }) => `${name}, ${formatFvu(fvu)}`).join("; ")}.`,
      data: {
        columns: ["Weights", "Bits per weight", "FVU", "Tokens"],
        rows: (sae.rounded ?? []).map(({ quantizer, bits_per_weight: bits, fvu, tokens }) => [
          quantizer,
          formatFixed(bits, 2),
          formatFvu(fvu),
          formatCount(tokens),
        ]),
      },
    },
  ];
}
