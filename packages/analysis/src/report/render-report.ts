/**
 * A report as one HTML file: charts are inline SVG, there is nothing to load, and no script but that of latent browsers. A
 * content security policy says so to the web browser. It opens from disk, in light and dark, prints, and reads aloud.
 */
import { UsageError } from "@qsae/runtime";
import { browserParts } from "./browser/browser-parts.ts";
import { html, Html } from "./html.ts";
import type { ReportInput } from "./report-input.ts";
import { groupId, sectionHtml, type ReportSection } from "./report-section.ts";
import { idOfSae, reportSections, stylesOf } from "./report-sections.ts";
import { headerSection } from "./sections/header-section.ts";
import { latentsSection } from "./sections/latents-section.ts";
import { STYLE } from "./style.ts";

/**
 * The report as the text of an HTML file. Every string of `input` is escaped; numbers that are not finite are shown as a dash or
 * left out of charts, which say so.
 *
 * @throws UsageError if there is neither an SAE nor a run, or `createdAt` is no date
 * @example
 * await writeFile("report.html", renderReport({ title: "Ternary against float", createdAt: new Date(), saes, runs }));
 */
export function renderReport(input: ReportInput): string {
  const { title, createdAt } = input;
  const sections = withLatents(reportSections("renderReport", input), input);
  if (Number.isNaN(createdAt.getTime())) throw new UsageError("renderReport: createdAt is an invalid date");
  const browser = browserParts(input.saes ?? []);
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
          <main id="content">${sections.map(sectionHtml)}</main>
          <footer><p>Made by QSAE, quantized sparse autoencoders.</p></footer>
        </div>
        ${browser.script}
      </body>
    </html> `.toString();
}

/** The latent browser of an SAE comes after its section. */
function withLatents(sections: readonly ReportSection[], input: ReportInput): readonly ReportSection[] {
  const styles = stylesOf(input);
  const browsers = new Map(
    (input.saes ?? []).map((sae, i) => [idOfSae(i), latentsSection(idOfSae(i), sae, styles.get(sae.name)!)]),
  );
  return sections.flatMap((section) => [section, ...(browsers.get(section.id) ?? [])]);
}

function contents(sections: readonly ReportSection[]): Html {
  return html`<nav aria-label="Contents">
    <ol>
      ${sections.map(
        (section) =>
          html`<li>
            <a href="#${section.id}">${section.heading ?? section.title}</a>
            ${
              section.groups.length > 0 &&
              html`<ol>
                ${section.groups.map(({ title }, g) => html`<li><a href="#${groupId(section, g)}">${title}</a></li>`)}
              </ol>`
            }
          </li>`,
      )}
    </ol>
  </nav>`;
}
