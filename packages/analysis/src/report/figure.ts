/** A chart with everything around it: title, caption, a description for those who cannot see it, the numbers. */
import { html, type Html } from "./html.ts";
import { table, type TableOptions } from "./table.ts";

export interface FigureOptions {
  readonly title: string;
  /** One line under the title: what is shown, on which scale, what is left out. */
  readonly caption: string;
  readonly svg: Html;
  /** What the chart says, for screen readers. */
  readonly description: string;
  /** The numbers behind it. */
  readonly data: Omit<TableOptions, "label">;
}

export function figure({ title, caption, svg, description, data }: FigureOptions): Html {
  return html`<figure>
    <figcaption>
      <h3>${title}</h3>
      <p>${caption}</p>
    </figcaption>
    <div class="plot" role="img" aria-label="${description}">${svg}</div>
    <details>
      <summary>Numbers<span class="unseen"> of ${title}</span></summary>
      ${table({ label: `Numbers of ${title}`, ...data })}
    </details>
  </figure>`;
}
