/** The figures of all SAEs side by side, the frontier they span, and what the words mean. */
import { frontierChart, type FrontierPoint } from "../charts/frontier-chart.ts";
import { figure } from "../figure.ts";
import { ABSENT, formatBytes, formatCount, formatFixed, formatFvu, formatSignificant } from "../format.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { table } from "../table.ts";
import { isPlottable } from "./is-plottable.ts";
import { swatch } from "./swatch.ts";

/** What claims to be smaller is no SAE and has no place on a logarithmic axis. */
const LEAST_BITS = 1e-3;

const COLUMNS = ["SAE", "FVU", "L0", "Dead latents", "Bits per weight", "File size", "Tokens/s", "d_in → d_sae"];

export function summarySection(saes: readonly ReportSae[], styles: ReadonlyMap<string, SeriesStyle>): Html {
  const points = saes.flatMap(({ name, summary = {} }): FrontierPoint[] => {
    const { fvu, bits_per_weight: bitsPerWeight } = summary;
    if (fvu === undefined || bitsPerWeight === undefined) return [];
    return isPlottable(fvu) && isPlottable(bitsPerWeight) && bitsPerWeight > LEAST_BITS
      ? [{ name, style: styles.get(name)!, bitsPerWeight, fvu }]
      : [];
  });
  return html`<section id="summary" aria-labelledby="summary-title">
    <h2 id="summary-title">Summary</h2>
    ${table({ label: "Summary of all SAEs", columns: COLUMNS, rows: saes.map((sae) => row(sae, styles)) })}
    ${points.length > 1 ? html`<div class="figures">${frontier(points)}${glossary()}</div>` : glossary()}
  </section>`;
}

function row({ name, summary = {} }: ReportSae, styles: ReadonlyMap<string, SeriesStyle>): readonly HtmlValue[] {
  const { d_in: dIn, d_sae: dSae, dead, tokens, bytes, file_bits_per_weight: fileBits } = summary;
  return [
    swatch(name, styles.get(name)!),
    formatFvu(summary.fvu),
    formatFixed(summary.l0, 1),
    dead === undefined ? ABSENT : html`${formatCount(dead)} <small>in ${formatCount(tokens)} tokens</small>`,
    html`${formatFixed(summary.bits_per_weight, 2)}
    ${fileBits !== undefined && html`<small>${formatFixed(fileBits, 2)} in the file</small>`}`,
    bytes === undefined ? ABSENT : html`${formatBytes(bytes)} <small>${formatCount(bytes)} bytes</small>`,
    formatSignificant(summary.tokens_per_second),
    dIn === undefined && dSae === undefined ? ABSENT : `${formatCount(dIn)} → ${formatCount(dSae)}`,
  ];
}

function frontier(points: readonly FrontierPoint[]): Html {
  return figure({
    title: "FVU against bits per weight",
    caption:
      "Lower and further left is better; bits of quantized weights only. The dashed line joins what no other SAE beats on both.",
    svg: frontierChart(points),
    description:
      "Scatter plot of FVU against bits per weight: " +
      points.map((p) => `${p.name}, ${formatFixed(p.bitsPerWeight, 2)} bits, FVU ${formatFvu(p.fvu)}`).join("; "),
    data: {
      columns: ["SAE", "Bits per weight", "FVU"],
      rows: points.map(({ name, bitsPerWeight, fvu }) => [name, formatFixed(bitsPerWeight, 2), formatFvu(fvu)]),
    },
  });
}

const WORDS: Readonly<Record<string, string>> = {
  FVU: "Fraction of variance unexplained: squared error over squared deviation from the mean of all tokens. 0 is perfect.",
  L0: "Mean number of non-zero latents per token.",
  "Dead latents": "Never fired in the tokens evaluated. More tokens may wake them.",
  "Bits per weight":
    "Codes, scales and tables over the number of quantized weights; in the file, its whole size over 2 d_in d_sae weights.",
  "Tokens/s": "Encoded and decoded on the machine of the evaluation, reading not counted.",
};

function glossary(): Html {
  return html`<dl class="glossary">
    ${Object.entries(WORDS).map(
      ([word, meaning]) =>
        html`<div>
          <dt>${word}</dt>
          <dd>${meaning}</dd>
        </div>`,
    )}
  </dl>`;
}
