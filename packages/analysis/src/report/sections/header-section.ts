/** What was measured, when, and how it was made. */
import { ABSENT, formatBytes, formatCount, formatDate, formatFixed, formatFvu } from "../format.ts";
import { factsHtml } from "../facts.ts";
import { html, type Html } from "../html.ts";
import type { ReportInput, ReportSae } from "../report-input.ts";

export function headerSection({ title, createdAt, provenance = {}, saes = [], runs = [] }: ReportInput): Html {
  const lead = leadOf(saes, runs.length);
  return html`<header>
    <p class="eyebrow">
      <span>QSAE report</span> <time datetime="${createdAt.toISOString()}">${formatDate(createdAt)}</time>
    </p>
    <h1>${title}</h1>
    ${lead !== "" && html`<p class="lead">${lead}</p>`} ${factsHtml("provenance", provenance)}
  </header>`;
}

/** The findings in a sentence or two. */
function leadOf(saes: readonly ReportSae[], runs: number): string {
  const measured = saes.filter(({ summary }) => Number.isFinite(summary?.fvu));
  if (saes.length === 0) return `${runs} training ${runs === 1 ? "run" : "runs"}.`;
  if (measured.length === 0) return "";
  if (measured.length === 1) return sentencesOf(measured[0]!);
  const ascending = [...measured].sort((a, b) => a.summary!.fvu! - b.summary!.fvu!);
  const [best, worst] = [ascending[0]!, ascending.at(-1)!];
  return (
    `${measured.length} sparse autoencoders compared. FVU goes from ${formatFvu(best.summary!.fvu)} (${best.name}) ` +
    `to ${formatFvu(worst.summary!.fvu)} (${worst.name}).`
  );
}

function sentencesOf({ summary = {} }: ReportSae): string {
  const { fvu, l0, d_sae: dSae, tokens, bits_per_weight: bits, bytes } = summary;
  const explained = `Explains ${formatFixed(100 * (1 - fvu!), 1)}% of the variance`;
  const where = tokens === undefined ? "" : ` of ${formatCount(tokens)} tokens`;
  const active = l0 === undefined ? "" : ` with ${formatFixed(l0, 1)} active latents per token`;
  const of = l0 === undefined || dSae === undefined ? "" : `, of ${formatCount(dSae)}`;
  const size = [
    bits === undefined ? ABSENT : `${formatFixed(bits, 2)} bits per weight`,
    bytes === undefined ? ABSENT : `${formatBytes(bytes)} on disk`,
  ].filter((part) => part !== ABSENT);
  return `${explained}${where}${active}${of}.${size.length > 0 ? ` ${size.join(", ")}.` : ""}`;
}
