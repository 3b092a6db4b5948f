/**
 * A report as one HTML file: charts are inline SVG, there is nothing to load, and no script but that of latent browsers. A
 * content security policy says so to the web browser. It opens from disk, in light and dark, prints, and reads aloud.
 */
import { UsageError } from "@qsae/runtime";
import { browserParts } from "./browser/browser-parts.ts";
import { html, Html } from "./html.ts";
import type { ReportInput } from "./report-input.ts";
import { headerSection } from "./sections/header-section.ts";
import { latentsSection } from "./sections/latents-section.ts";
import { saeSection } from "./sections/sae-section.ts";
import { sharedDomains } from "./sections/shared-domains.ts";
import { summarySection } from "./sections/summary-section.ts";
import { trainingSection } from "./sections/training-section.ts";
import { seriesStyles } from "./series-styles.ts";
import { STYLE } from "./style.ts";

/**
 * The report as the text of an HTML file. Every string of `input` is escaped.
 *
 * @throws UsageError if there is neither an SAE nor a run, or `createdAt` is no date
 * @example
 * await writeFile("report.html", renderReport({ title: "Ternary against float", createdAt: new Date(), saes, runs }));
 */
export function renderReport(input: ReportInput): string {
  const { title, createdAt, saes = [], runs = [] } = input;
  if (saes.length + runs.length === 0)
    throw new UsageError("renderReport: nothing to report; give at least one SAE or run");
  if (Number.isNaN(createdAt.getTime())) throw new UsageError("renderReport: createdAt is an invalid date");
  const styles = seriesStyles([...saes, ...runs].map(({ name }) => name));
  const domains = sharedDomains(saes);
  const sections = [
    ...(saes.length > 0 ? [{ id: "summary", title: "Summary", body: summarySection(saes, styles) }] : []),
    ...(runs.length > 0 ? [{ id: "training", title: "Training", body: trainingSection(runs, styles) }] : []),
    ...saes.flatMap((sae, i) => {
      const id = `sae-${i + 1}`;
      const style = styles.get(sae.name)!;
      return [{ id, title: sae.name, body: saeSection(id, sae, style, domains) }, ...latentsSection(id, sae, style)];
    }),
  ];
  const browser = browserParts(saes);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:${browser.policy}"
        />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="QSAE" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)} ${browser.style}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <div class="page">
          ${headerSection(input)} ${sections.length > 2 && contents(sections)}
          <main id="content">${sections.map(({ body }) => body)}</main>
          <footer><p>Made by QSAE, quantized sparse autoencoders.</p></footer>
        </div>
        ${browser.script}
      </body>
    </html> `.toString();
}

function contents(sections: readonly { readonly id: string; readonly title: string }[]): Html {
  return html`<nav aria-label="Contents">
    <ol>
      ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
    </ol>
  </nav>`;
}
