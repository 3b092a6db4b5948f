import { html, type Html } from "../html.ts";
import type { SeriesStyle } from "../series-styles.ts";

/** A name with the colour it has in the charts. */
export function swatch(name: string, style: SeriesStyle): Html {
  const className = style.dash === undefined ? "swatch" : "swatch dashed";
  return html`<span class="${className}" style="--series: ${style.color}" aria-hidden="true"></span>${name}`;
}
