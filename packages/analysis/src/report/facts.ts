/** Names with their values, in a row; nothing where there are none. */
import { html, type Html, type HtmlValue } from "./html.ts";

export type Facts = Readonly<Record<string, HtmlValue>>;

/** Facts whose value is undefined are left out. @param className `provenance` for words, `facts` for figures */
export function factsHtml(className: "provenance" | "facts", facts: Facts): Html | undefined {
  const pairs = Object.entries(facts).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return undefined;
  return html`<dl class="${className}">
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
