/** HTML by template literal. Every interpolated string is escaped; only {@link Html} passes as it is. */
import { escape } from "html-escaper";

/** Markup that is safe to put into a page. */
export class Html {
  constructor(private readonly markup: string) {}
  toString(): string {
    return this.markup;
  }
}

/** What a template may contain; `undefined` and `false` leave nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/**
 * Markup from a template literal.
 *
 * @example
 * html`<p class="${name}">${text}</p>`; // name and text are escaped, for elements and quoted attributes alike
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((markup, string, i) => markup + render(values[i - 1]) + string));
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value === "object") return value.map(render).join("");
  return escape(String(value));
}
