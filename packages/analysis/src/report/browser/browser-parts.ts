/**
 * What a page with latent browsers has beside them: their style, the one script that a report may run, and the policy that
 * lets no other: the script's hash is in the page's content security policy.
 */
import { html, Html } from "../html.ts";
import { BROWSER_STYLE } from "./browser-style.ts";
import { PAGE_SCRIPT, PAGE_SCRIPT_SHA256 } from "./generated/page-script.ts";

export interface BrowserParts {
  /** For the end of the style sheet. */
  readonly style: Html;
  /** For the end of a content security policy. */
  readonly policy: string;
  /** For the end of the page. */
  readonly script: Html;
}

/** All of it empty in a page without latent browsers. */
export function browserParts(saes: readonly { readonly latents?: unknown }[]): BrowserParts {
  if (saes.every(({ latents }) => latents === undefined)) return { style: html``, policy: "", script: html`` };
  return {
    style: new Html(BROWSER_STYLE),
    policy: `; script-src 'sha256-${PAGE_SCRIPT_SHA256}'`,
    script: new Html(`<script>${PAGE_SCRIPT}</script>`),
  };
}
