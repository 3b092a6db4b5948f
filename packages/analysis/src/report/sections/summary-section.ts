/** The figures of all SAEs side by side, the frontier they span, how they differ, and what the words mean. */
import { bitsAxis, bytesAxis } from "../charts/cost-axes.ts";
import { tradeoffChart, type SaePoint, type SideLine, type TradeoffChartOptions } from "../charts/tradeoff-chart.ts";
import { swatch, type Figure } from "../figure.ts";
import { ABSENT, formatBytes, formatCount, formatFixed, formatFvu, formatSignificant } from "../format.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import { filledGroups, type ReportSection } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { table } from "../table.ts";
import { comparisonPanel } from "./comparison-panel.ts";
import { bitsPoints, bytesPoints, roundedBytesPoints, roundedPoints } from "./tradeoff-points.ts";

type Styles = ReadonlyMap<string, SeriesStyle>;

interface Column {
  readonly title: string;
  readonly of: (sae: ReportSae) => HtmlValue;
  /** Shown only where an SAE has a value. Default false: a dash. */
  readonly optional?: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: "FVU", of: ({ summary }) => formatFvu(summary?.fvu) },
  { title: "L0", of: ({ summary }) => formatFixed(summary?.l0, 1) },
  { title: "Dead latents", of: deadCell },
  { title: "CE recovered", of: ({ crossEntropy }) => formatFixed(crossEntropy?.ce_recovered, 4), optional: true },
  { title: "Bits per weight", of: bitsCell },
  { title: "File size", of: bytesCell },
  { title: "Tokens/s", of: ({ summary }) => formatSignificant(summary?.tokens_per_second) },
  { title: "d_in → d_sae", of: shapeCell },
];

export function summarySection(saes: readonly ReportSae[], styles: Styles): ReportSection {
  const columns = COLUMNS.filter(({ of, optional = false }) => !optional || saes.some((sae) => of(sae) !== ABSENT));
  return {
    id: "summary",
    title: "Summary",
    intro: [
      table({
        label: "Summary of all SAEs",
        columns: ["SAE", ...columns.map(({ title }) => title)],
        rows: saes.map((sae) => [swatch(sae.name, styles.get(sae.name)!), ...columns.map(({ of }) => of(sae))]),
      }),
      glossary(columns.map(({ title }) => title)),
    ],
    groups: filledGroups([
      { title: "Size against quality", items: frontierFigures(saes, styles) },
      { title: "Side by side", items: comparisonPanel(saes, styles) },
    ]),
  };
}

function deadCell({ summary: { dead, tokens } = {} }: ReportSae): HtmlValue {
  return dead === undefined ? ABSENT : html`${formatCount(dead)} <small>in ${formatCount(tokens)} tokens</small>`;
}

function bitsCell({ summary: { bits_per_weight: bits, file_bits_per_weight: fileBits } = {} }: ReportSae): HtmlValue {
  return html`${formatFixed(bits, 2)}
  ${fileBits !== undefined && html`<small>${formatFixed(fileBits, 2)} in the file</small>`}`;
}

function bytesCell({ summary: { bytes } = {} }: ReportSae): HtmlValue {
  return bytes === undefined ? ABSENT : html`${formatBytes(bytes)} <small>${formatCount(bytes)} bytes</small>`;
}

function shapeCell({ summary: { d_in: dIn, d_sae: dSae } = {} }: ReportSae): HtmlValue {
  return dIn === undefined && dSae === undefined ? ABSENT : `${formatCount(dIn)} → ${formatCount(dSae)}`;
}

function frontierFigures(saes: readonly ReportSae[], styles: Styles): readonly Figure[] {
  const styleOf = (name: string): SeriesStyle => styles.get(name)!;
  const linesOf = (pointsOf: (sae: ReportSae) => SideLine["points"]): readonly SideLine[] =>
    saes.map((sae) => ({ style: styleOf(sae.name), points: pointsOf(sae) })).filter(({ points }) => points.length > 1);
  // small points have no names here: there would be too many
  const rounded = (sae: ReportSae): SideLine["points"] => roundedPoints(sae).map(({ cost, fvu }) => ({ cost, fvu }));
  return [
    ...frontierFigure({
      what: "bits per weight",
      title: "FVU against bits",
      note: "Bits of quantized weights only.",
      format: (bits) => formatFixed(bits, 2),
      points: bitsPoints(saes, styleOf),
      lines: linesOf(rounded),
      x: bitsAxis,
    }),
    ...frontierFigure({
      what: "file size",
      title: "FVU against bytes",
      note: "Size of the file.",
      format: formatBytes,
      points: bytesPoints(saes, styleOf),
      lines: linesOf(roundedBytesPoints),
      x: bytesAxis,
    }),
  ];
}

interface FrontierOptions extends Pick<TradeoffChartOptions, "x"> {
  readonly what: string;
  readonly title: string;
  readonly note: string;
  readonly format: (cost: number) => string;
  readonly points: readonly SaePoint[];
  readonly lines: readonly SideLine[];
}

/** None of fewer than two SAEs. */
function frontierFigure({ what, title, note, format, points, lines, x }: FrontierOptions): readonly Figure[] {
  if (points.length < 2) return [];
  const { svg, allNamed } = tradeoffChart({ points, lines, x });
  const light = lines.length > 0 ? " Light lines: weights rounded without training." : "";
  return [
    {
      title,
      caption: `Lower and further left is better. ${note} The dashed line joins what no other SAE beats on both.${light}`,
      ...(!allNamed && { legend: points.map(({ name, style }) => ({ name, style })) }),
      svg,
      description:
        `Scatter plot of FVU against ${what}: ` +
        points.map(({ name, cost, fvu }) => `${name}, ${format(cost)}, FVU ${formatFvu(fvu)}`).join("; "),
      data: {
        columns: ["SAE", `${what[0]!.toUpperCase()}${what.slice(1)}`, "FVU"],
        rows: points.map(({ name, cost, fvu }) => [name, format(cost), formatFvu(fvu)]),
      },
    },
  ];
}

const WORDS: Readonly<Record<string, string>> = {
  FVU: "Fraction of variance unexplained: squared error over squared deviation from the mean of all tokens. 0 is perfect.",
  L0: "Mean number of non-zero latents per token.",
  "Dead latents": "Never fired in the tokens evaluated. More tokens may wake them.",
  "CE recovered":
    "Share of the loss that an ablation adds to the language model and that the reconstructions give back. 1 is perfect.",
  "Bits per weight":
    "Codes, scales and tables over the number of quantized weights; in the file, its whole size over 2 d_in d_sae weights.",
  "Tokens/s": "Encoded and decoded on the machine of the evaluation, reading not counted.",
};

function glossary(columns: readonly string[]): Html {
  return html`<dl class="glossary">
    ${Object.entries(WORDS)
      .filter(([word]) => columns.includes(word))
      .map(
        ([word, meaning]) =>
          html`<div>
            <dt>${word}</dt>
            <dd>${meaning}</dd>
          </div>`,
      )}
  </dl>`;
}
