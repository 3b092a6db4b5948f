/** A table that stands among charts: with a title and a line about it. */
import { html, type Html } from "./html.ts";
import { table, type TableOptions } from "./table.ts";

export interface TablePanel extends Omit<TableOptions, "label"> {
  readonly title: string;
  readonly caption: string;
  /** Takes the place of two charts. Default false. */
  readonly wide?: boolean;
}

export function tablePanelHtml({ title, caption, wide = false, ...options }: TablePanel): Html {
  return html`<div class="${wide ? "panel wide" : "panel"}">
    <h4>${title}</h4>
    <p class="caption">${caption}</p>
    ${table({ label: title, ...options })}
  </div>`;
}
