/** What a language model loses that goes on from the reconstructions. */
import type { CeRecovered } from "../../ce-recovered.ts";
import { rowsChart } from "../charts/rows-chart.ts";
import { ABSENT, formatCount, formatFixed, formatSignificant, formatSigned } from "../format.ts";
import type { Figure } from "../figure.ts";
import { html } from "../html.ts";
import type { FigureGroup } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { TablePanel } from "../table-panel.ts";
import { isPlottable } from "../is-plottable.ts";

export function languageModelGroup(ce: CeRecovered, style: SeriesStyle): FigureGroup {
  return {
    title: "Language model",
    facts: {
      "CE recovered": html`${formatFixed(ce.ce_recovered, 4)} <small>${ce.ablation} ablation</small>`,
      "KL to clean": html`${formatSignificant(ce.kl_spliced)} <small>nats per token</small>`,
      Windows: html`${formatCount(ce.windows)} <small>of ${formatCount(ce.window_length)} tokens</small>`,
      "Predicted tokens": formatCount(ce.tokens),
    },
    items: [...lossFigure(ce, style), lossPanel(ce)],
  };
}

/** Name, cross-entropy and KL of the model in its three states. */
function states(ce: CeRecovered): readonly (readonly [name: string, loss: number, kl: number | undefined])[] {
  return [
    ["as it is", ce.ce_clean, undefined],
    ["with this SAE", ce.ce_spliced, ce.kl_spliced],
    [`${ce.ablation}-ablated`, ce.ce_ablated, ce.kl_ablated],
  ];
}

function lossFigure(ce: CeRecovered, style: SeriesStyle): readonly Figure[] {
  const rows = states(ce);
  if (!rows.every(([, loss]) => isPlottable(loss) && loss >= 0)) return [];
  const colors = ["var(--soft)", style.color, "var(--soft)"];
  return [
    {
      title: "Cross-entropy of the model",
      caption: `Nats per token on ${formatCount(ce.windows)} windows of ${formatCount(ce.window_length)} tokens, every position but the first replaced`,
      svg: rowsChart(
        rows.map(([name, value], r) => ({ name, value, text: formatFixed(value, 3), color: colors[r]! })),
        "cross-entropy (nats per token)",
      ),
      description: `Bars of the model's cross-entropy: ${rows.map(([name, loss]) => `${name}, ${formatFixed(loss, 3)}`).join("; ")}.`,
      data: { columns: ["Model", "Nats per token"], rows: rows.map(([name, loss]) => [name, formatFixed(loss, 4)]) },
    },
  ];
}

function lossPanel(ce: CeRecovered): TablePanel {
  return {
    title: "What it loses",
    caption: "Where the activations are replaced by reconstructions, and by one vector everywhere",
    columns: ["Model", "Cross-entropy", "Increase", "KL to clean"],
    rows: states(ce).map(([name, loss, kl]) => [
      name,
      formatFixed(loss, 4),
      kl === undefined ? ABSENT : formatSigned(loss - ce.ce_clean, (size) => formatFixed(size, 4)),
      kl === undefined ? ABSENT : formatFixed(kl, 4),
    ]),
  };
}
