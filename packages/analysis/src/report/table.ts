/** A table that scrolls inside its own frame, by keyboard too. The first column names the row; numbers align right. */
import { html, type Html, type HtmlValue } from "./html.ts";

export interface TableOptions {
  /** Name of the table for screen readers. */
  readonly label: string;
  readonly columns: readonly string[];
  /** One cell per column. */
  readonly rows: readonly (readonly HtmlValue[])[];
  /** Numbers of the columns, beyond the first, that hold words. Default: none. */
  readonly wordColumns?: readonly number[];
}

export function table({ label, columns, rows, wordColumns = [] }: TableOptions): Html {
  const kind = (column: number): string => (column > 0 && !wordColumns.includes(column) ? "number" : "word");
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${columns.map((column, c) => html`<th scope="col" class="${kind(c)}">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([head, ...cells]) =>
            html`<tr>
              <th scope="row" class="word">${head}</th>
              ${cells.map((cell, c) => html`<td class="${kind(c + 1)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
