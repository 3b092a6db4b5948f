/**
 * A figure as an SVG file of its own: title, caption and legend above the chart, colours of light paper, and nothing that needs
 * a style sheet, so that browsers, editors and rasterisers show the same.
 */
import { parseHTML } from "linkedom";
import type { Figure } from "../figure.ts";
import { html, Html } from "../html.ts";
import { LIGHT, type ColorName } from "../palette.ts";
import { CHART_WIDTH } from "./chart.ts";
import { legendRows, wrappedText } from "./chart-text.ts";

const MARGIN = 20;
const WIDTH = CHART_WIDTH + 2 * MARGIN;
const CHART_FONT_SIZE = 11.5;
const FONTS = "IBM Plex Sans, system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, Arial, sans-serif";

/** Texts above the chart: how large, how far from baseline to baseline, and how many lines at most. */
const EYEBROW = { size: 11, leading: 15, lines: 1 };
const TITLE = { size: 16, leading: 21, lines: 3 };
const CAPTION = { size: 11.5, leading: 16, lines: 6 };
const LEGEND = { size: 11.5, leading: 18 };
const DOT_RADIUS = 4;
const GAP = 10;

/** What an XML file must not contain, even escaped. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** @param of what the chart is of, for the line above its title */
export function chartSvg({ title, caption, legend = [], svg, description }: Figure, of: string): string {
  let y = MARGIN;
  const lines = (text: string, { size, leading, lines: most }: typeof TITLE, color: ColorName, weight = 400): Html => {
    const shown = wrappedText(text, CHART_WIDTH / size, most);
    const top = y;
    y += leading * shown.length;
    return html`<text font-size="${size}" font-weight="${weight}" fill="${LIGHT[color]}">
      ${shown.map((line, l) => html`<tspan x="${MARGIN}" y="${top + leading * l + size}">${line}</tspan>`)}
    </text>`;
  };
  const texts = [lines(of, EYEBROW, "soft"), lines(title, TITLE, "ink", 600), lines(caption, CAPTION, "soft")];

  const entries = legend.map(({ name, style }) => ({ text: name, color: resolved(style.color) }));
  const rows = legendRows(entries, CHART_WIDTH / LEGEND.size);
  const dots = rows.flatMap((row) => {
    const middle = y + LEGEND.leading / 2;
    y += LEGEND.leading;
    return row.map(({ text, color, from }) => {
      const x = Math.round(MARGIN + from * LEGEND.size);
      return html`<circle cx="${x + DOT_RADIUS}" cy="${middle}" r="${DOT_RADIUS}" fill="${color}" />
        <text
          x="${x + 3 * DOT_RADIUS}"
          y="${middle + 0.35 * LEGEND.size}"
          font-size="${LEGEND.size}"
          fill="${LIGHT.ink}"
        >
          ${text}
        </text>`;
    });
  });

  const chart = nested(svg, y + GAP);
  const height = y + GAP + chart.height + MARGIN;
  const file = html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${WIDTH}"
    height="${height}"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-labelledby="title desc"
    font-family="${FONTS}"
    color="${LIGHT.soft}"
  >
    <title id="title">${of}: ${title}</title>
    <desc id="desc">${description}</desc>
    <rect width="${WIDTH}" height="${height}" fill="${LIGHT.paper}" />
    ${texts} ${dots} ${chart.svg}
  </svg> `.toString();
  return file.replace(NOT_XML, "\uFFFD");
}

/** The drawing at its place in the file, with colours in the place of variables. */
function nested(svg: Html, top: number): { readonly svg: Html; readonly height: number } {
  const { document } = parseHTML(`<!doctype html><html><body>${svg.toString()}</body></html>`);
  const root = document.querySelector("svg")!;
  const [, , width, height] = root.getAttribute("viewBox")!.split(" ").map(Number) as [number, number, number, number];
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const { name, value } of [...element.attributes]) {
      const color = resolved(value);
      if (color !== value) element.setAttribute(name, color);
    }
  }
  const place = { x: MARGIN, y: top, width, height, "font-family": FONTS, "font-size": CHART_FONT_SIZE };
  for (const [name, value] of Object.entries(place)) root.setAttribute(name, String(value));
  for (const name of ["class", "aria-hidden"]) root.removeAttribute(name);
  // the one entity of HTML that is none of XML
  return { svg: new Html(root.outerHTML.replaceAll("&nbsp;", "&#160;")), height };
}

function resolved(color: string): string {
  const name = /^var\(--([a-z0-9-]+)\)$/.exec(color)?.[1];
  return name !== undefined && Object.hasOwn(LIGHT, name) ? LIGHT[name as ColorName] : color;
}
