/** One SAE up close: how its latents fire and what its weights look like. */
import { html, type Html } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { definitions } from "./definitions.ts";
import { latentFigures } from "./latent-figures.ts";
import { levelsFigure, levelsTable } from "./levels.ts";
import { swatch } from "./swatch.ts";
import type { SharedDomains } from "./shared-domains.ts";
import { weightFigures } from "./weight-figures.ts";

/** @param id of the section, for links */
export function saeSection(id: string, sae: ReportSae, style: SeriesStyle, domains: SharedDomains): Html {
  const levels = sae.summary?.by_level ?? [];
  const figures = [...levelsFigure(levels, style), ...latentFigures(sae, style), ...weightFigures(sae, style, domains)];
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${swatch(sae.name, style)}</h2>
    ${definitions(sae.provenance ?? {})} ${levels.length > 1 && levelsTable(sae.name, levels)}
    ${
      figures.length === 0
        ? html`<p class="nothing">Nothing beyond the summary was measured.</p>`
        : html`<div class="figures">${figures}</div>`
    }
  </section>`;
}
