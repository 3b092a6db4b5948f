/** What the first m levels of a hierarchical SAE do and weigh: a table, and FVU as a chart. */
import type { LevelSummary } from "../../evaluation-summary.ts";
import { levelsChart } from "../charts/levels-chart.ts";
import { figure } from "../figure.ts";
import { formatBytes, formatCount, formatFixed, formatFvu } from "../format.ts";
import { html, type Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { table } from "../table.ts";
import { isPlottable } from "./is-plottable.ts";

const COLUMNS = ["Levels", "FVU", "L0", "Latents", "Bits per weight", "Size"];

/** One row per level. @param name of the SAE */
export function levelsTable(name: string, levels: readonly LevelSummary[]): Html {
  return table({
    label: `Levels of ${name}`,
    columns: COLUMNS,
    rows: levels.map(({ levels: used, fvu, l0, latents, bits_per_weight: bits, bytes }) => [
      used === 1 ? "the first" : `the first ${used}`,
      formatFvu(fvu),
      formatFixed(l0, 1),
      formatCount(latents),
      formatFixed(bits, 2),
      html`${formatBytes(bytes)} <small>${formatCount(bytes)} bytes</small>`,
    ]),
  });
}

export function levelsFigure(levels: readonly LevelSummary[], style: SeriesStyle): readonly Html[] {
  const fvuByLevel = levels.map(({ fvu }) => fvu);
  if (levels.length < 2 || !fvuByLevel.every(isPlottable)) return [];
  const steps = levels.map(({ levels: used, fvu }) => `${used}: ${formatFvu(fvu)}`).join("; ");
  return [
    figure({
      title: "FVU by level",
      caption: "Reconstruction with the first levels only",
      svg: levelsChart(fvuByLevel, style),
      description: `Line chart of FVU by number of levels: ${steps}.`,
      data: {
        columns: ["Levels", "FVU", "Bytes"],
        rows: levels.map(({ levels: used, fvu, bytes }) => [String(used), formatFvu(fvu), formatCount(bytes)]),
      },
    }),
  ];
}
