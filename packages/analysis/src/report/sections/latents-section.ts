/**
 * A browser of one SAE's latents: what the page's script fills with life (see browser/page), and the data it unpacks. Without
 * script the section says so.
 */
import { packLatents } from "../browser/pack-latents.ts";
import { DENSE_ABOVE } from "../browser/page/find-latents.ts";
import { formatCount, formatShare } from "../format.ts";
import { swatch } from "../figure.ts";
import { html, Html } from "../html.ts";
import type { LatentTable } from "../../latents/latent-table.ts";
import type { ReportSae } from "../report-input.ts";
import type { ReportSection } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";

/** Web browsers end at lists of half a million lines, and a page of so many contexts weighs some 40 MB. */
const MOST_LATENTS = 2 ** 18;

/**
 * The section, and what links call it; none where nothing is known of single latents.
 *
 * @param sae id of the SAE's section
 * @throws UsageError if the parts of `latents` do not fit each other
 */
export function latentsSection(
  sae: string,
  { name, latents }: Pick<ReportSae, "name" | "latents">,
  style: SeriesStyle,
): readonly ReportSection[] {
  if (latents === undefined) return [];
  const id = `${sae}-latents`;
  const title = `Latents of ${name}`;
  const isTooLarge = latents.counts.length > MOST_LATENTS;
  const body = isTooLarge
    ? html`<p class="nothing">Too many to browse in one page: it holds ${formatCount(MOST_LATENTS)}.</p>`
    : html`<div data-latents-of="${sae}" style="--series: ${style.color}">${browser(sae, title, latents)}</div>`;
  const intro = [html`<p class="introduction">${introduction(latents)}</p>`, body];
  return [{ id, title, heading: swatch(title, style), intro, groups: [] }];
}

function introduction({ counts, tokens, contexts }: LatentTable): string {
  let dead = 0;
  for (let latent = 0; latent < counts.length; latent++) if (counts[latent] === 0) dead++;
  const shown = contexts === undefined ? "how it fires" : "where it fires strongest";
  return (
    `${formatCount(counts.length)} latents on ${formatCount(tokens)} tokens, ${dead === 0 ? "none" : formatCount(dead)} dead. ` +
    `Of each: ${shown}, and the latents whose atoms are most like its own.`
  );
}

function browser(sae: string, title: string, latents: LatentTable): Html {
  const compared = latents.contexts !== undefined && latents.reference?.contexts !== undefined;
  return html`<noscript
      ><p class="nothing">Browsing them needs JavaScript; all else in this report does without.</p></noscript
    >
    <p class="nothing" data-part="notice" role="status"></p>
    <div class="browser" data-part="browser" style="--digits: ${String(latents.counts.length - 1).length}" hidden>
      <form class="browser-bar" data-part="bar" role="search" aria-label="${title}">
        <label>
          Search
          <input
            type="search"
            data-part="search"
            placeholder="${latents.contexts === undefined ? "Number" : "Number, or text in contexts"}"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
          />
        </label>
        <label>
          Show
          <select data-part="shown">
            <option value="firing">Firing</option>
            <option value="dense">Dense, above ${formatShare(DENSE_ABOVE)}</option>
            ${compared && html`<option value="changed">Contexts changed</option>`}
            <option value="dead">Dead</option>
            <option value="all">All</option>
          </select>
        </label>
        <label>
          Order
          <select data-part="order">
            <option value="match">Best match</option>
            <option value="number">Number</option>
            <option value="often">Densest first</option>
            <option value="seldom">Rarest first</option>
            <option value="largest">Largest value</option>
            ${compared && html`<option value="changed">Most changed</option>`}
          </select>
        </label>
        <p class="browser-status" data-part="status" role="status"></p>
      </form>
      <div class="panes">
        <div class="latent-list" data-part="list" role="listbox" tabindex="0" aria-label="${title}"></div>
        <article class="latent" data-part="details" aria-labelledby="${sae}-latent-title"></article>
      </div>
    </div>
    ${new Html(`<script type="application/octet-stream" data-part="data">${packLatents(latents)}</script>`)}`;
}
