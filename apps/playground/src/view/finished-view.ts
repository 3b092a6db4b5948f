/** The SAEs that were trained on the page, side by side. */
import { html, nothing, type TemplateResult } from "lit-html";
import { presetOf } from "../presets.ts";
import type { FinishedRun, PageState } from "../state.ts";
import { formatBytes, formatCount, formatDuration, formatFixed, formatFvu } from "./format.ts";

const COLUMNS = ["FVU", "L0", "Dead", "Bits per weight", "File", "Time"];

export function finishedView({ finished }: PageState): TemplateResult | typeof nothing {
  if (finished.length === 0) return nothing;
  return html`<section aria-labelledby="trained">
    <h2 id="trained">Trained</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">SAE</th>
            ${COLUMNS.map((name) => html`<th scope="col" class="number">${name}</th>`)}
            <th scope="col"><span class="unseen">Download</span></th>
          </tr>
        </thead>
        <tbody>
          ${finished.map(row)}
        </tbody>
      </table>
    </div>
    <p class="caption">
      Measured on held-out tokens with the weights as the file has them. FVU: fraction of variance unexplained. Dead:
      latents that fired on none of those tokens. Bits per weight: of the quantized matrices; a file holds scales and
      biases too.
    </p>
  </section>`;
}

function row({ job, outcome, url }: FinishedRun): TemplateResult {
  const { summary, stoppedEarly, elapsedMs, fileName } = outcome;
  const data = job.data.kind === "file" ? `${job.data.file.name}, ` : "";
  const numbers = [
    html`<span data-fvu=${summary.fvu}>${formatFvu(summary.fvu)}</span>`,
    formatFixed(summary.l0, 1),
    formatCount(summary.dead),
    formatFixed(summary.bits_per_weight, 2),
    formatBytes(summary.bytes),
    formatDuration(elapsedMs),
  ];
  return html`<tr>
    <th scope="row">
      ${presetOf(job.preset).name}
      <small
        >${data}${formatCount(summary.d_sae)} latents, k
        ${formatCount(job.k)}${stoppedEarly ? ", stopped early" : nothing}</small
      >
    </th>
    ${numbers.map((number) => html`<td class="number">${number}</td>`)}
    <td><a class="download" href=${url} download=${fileName}>Download</a></td>
  </tr>`;
}
