/** A chart with everything around it, as data: the page and the files of charts are made of the same figures. */
import { html, type Html } from "./html.ts";
import type { SeriesStyle } from "./series-styles.ts";
import { table, type TableOptions } from "./table.ts";

export interface Figure {
  readonly title: string;
  /** One line under the title: what is shown, on which scale, what is left out. */
  readonly caption: string;
  /** What the colours mean; absent where there is one. */
  readonly legend?: readonly LegendEntry[];
  readonly svg: Html;
  /** On paper, the chart takes the room of two. Default false. */
  readonly large?: boolean;
  /** What the chart says, for screen readers. */
  readonly description: string;
  /** The numbers behind it. */
  readonly data: Omit<TableOptions, "label">;
}

interface LegendEntry {
  readonly name: string;
  readonly style: SeriesStyle;
}

export function figureHtml({ title, caption, legend = [], svg, large = false, description, data }: Figure): Html {
  return html`<figure class="${large ? "large" : "plain"}">
    <figcaption>
      <h4>${title}</h4>
      <p>${caption}</p>
      ${
        legend.length > 0 &&
        html`<ul class="legend">
          ${legend.map(({ name, style }) => html`<li>${swatch(name, style)}</li>`)}
        </ul>`
      }
    </figcaption>
    <div class="plot" role="img" aria-label="${description}">${svg}</div>
    <details>
      <summary>Numbers<span class="unseen"> of ${title}</span></summary>
      ${table({ label: `Numbers of ${title}`, ...data })}
    </details>
  </figure>`;
}

/** A name with the colour it has in the charts. */
export function swatch(name: string, style: SeriesStyle): Html {
  const className = style.dash === undefined ? "swatch" : "swatch dashed";
  return html`<span class="${className}" style="--series: ${style.color}" aria-hidden="true"></span>${name}`;
}
