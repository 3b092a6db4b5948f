import { html, type Html } from "../html.ts";

/** Names with their values; nothing where there are none. */
export function definitions(entries: Readonly<Record<string, string>>): Html | undefined {
  const pairs = Object.entries(entries);
  if (pairs.length === 0) return undefined;
  return html`<dl class="provenance">
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
