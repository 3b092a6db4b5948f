/** The report's style sheet. */
import { colorVariables, DARK, LIGHT } from "./palette.ts";

export const STYLE = `
:root { ${colorVariables(LIGHT)} color-scheme: light; }
@media screen and (prefers-color-scheme: dark) {
  :root { ${colorVariables(DARK)} color-scheme: dark; }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 400 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
.page { max-width: 64rem; margin: 0 auto; padding: 4.5rem 2rem 3rem; }
h1, h2, h3, h4 { line-height: 1.2; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: clamp(1.9rem, 1.3rem + 2.6vw, 3rem); font-weight: 680; letter-spacing: -0.022em; }
h2 { margin: 0 0 1.5rem; font-size: 1.5rem; font-weight: 650; letter-spacing: -0.012em; }
h3 { margin: 0; font-size: 1.125rem; font-weight: 640; letter-spacing: -0.006em; }
h4 { margin: 0; font-size: 1rem; font-weight: 620; }
p, dl, dd, ol, ul { margin: 0; padding: 0; }
a { color: inherit; text-underline-offset: 0.2em; text-decoration-color: var(--soft); }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 3px; border-radius: 2px; }
small { font-size: 0.8125rem; color: var(--soft); font-weight: 400; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--paper); }
.skip:focus { top: 1rem; }

.eyebrow { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin-bottom: 1.25rem; font-size: 0.875rem; color: var(--soft); }
.eyebrow span { font-weight: 620; color: var(--ink); }
.lead { max-width: 42rem; margin-top: 1.25rem; font-size: 1.25rem; line-height: 1.5; color: var(--soft); text-wrap: pretty; overflow-wrap: anywhere; }
.provenance {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem 2rem;
  margin-top: 2rem; font-size: 0.875rem;
}
.provenance dt { color: var(--soft); }
.provenance dd { overflow-wrap: anywhere; }
header .provenance { padding-top: 1.5rem; border-top: 1px solid var(--line); }
section .provenance { margin: -0.5rem 0 2rem; }

nav { margin-top: 2.5rem; font-size: 0.9375rem; }
nav ol { list-style: none; }
nav > ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.25rem 2rem; }
nav > ol > li > a { font-weight: 620; }
nav ol ol { margin-top: 0.25rem; font-size: 0.875rem; color: var(--soft); }
nav ol ol li { display: inline; }
nav ol ol li + li::before { content: " · "; }
nav a { overflow-wrap: anywhere; }

section { margin-top: 3.75rem; scroll-margin-top: 2rem; }
.group { margin-top: 2.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); scroll-margin-top: 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.875rem 1.75rem; margin-top: 1rem; }
.facts dt { font-size: 0.8125rem; color: var(--soft); }
.facts dd { font-size: 1.0625rem; font-weight: 560; font-variant-numeric: tabular-nums lining-nums; }
.facts small { display: block; font-variant-numeric: normal; }
.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 2.5rem; margin-top: 1.75rem; }
figure { display: grid; grid-row: span 3; grid-template-rows: subgrid; min-width: 0; margin: 0 0 2.25rem; }
.panel { grid-row: span 3; min-width: 0; margin-bottom: 2.25rem; }
.panel.wide { grid-column: 1 / -1; }
.panel .scroll { margin-top: 1rem; }
.panel th, .panel td { padding: 0.4rem 0 0.4rem 1.25rem; font-size: 0.875rem; }
.panel tbody th { min-width: 0; font-weight: 560; overflow-wrap: break-word; }
figcaption p, .caption { margin-top: 0.25rem; font-size: 0.875rem; line-height: 1.45; color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: 0.125rem 1.125rem; margin-top: 0.375rem; font-size: 0.8125rem; list-style: none; }
.legend li { overflow-wrap: anywhere; }
.better { color: var(--better); }
.worse { color: var(--worse); }
.plot { margin-top: 0.75rem; color: var(--soft); }
.chart { display: block; width: 100%; height: auto; font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; overflow: visible; }
.chart text { white-space: pre; font-variant-numeric: tabular-nums; }

.swatch { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.55em; border-radius: 50%; background: var(--series); }
.swatch.dashed { background: none; border: 2px dotted var(--series); }

/* a shadow at each end that has more to scroll to: the first two layers move with the content and cover the others */
.scroll {
  overflow-x: auto;
  background:
    linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 3rem 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 3rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) 0 0 / 0.875rem 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) 100% 0 / 0.875rem 100% no-repeat scroll;
}
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; line-height: 1.4; }
th, td { padding: 0.6rem 0 0.6rem 1.125rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 0; }
thead th { padding-top: 0; font-size: 0.8125rem; font-weight: 500; color: var(--soft); vertical-align: bottom; }
tbody th { font-weight: 620; min-width: 8rem; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums lining-nums; white-space: nowrap; }
td small { display: block; }

.glossary {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem 2.5rem; align-self: start;
  margin-top: 2rem; font-size: 0.875rem; line-height: 1.5;
}
.glossary dt { font-weight: 620; }
.glossary dd { color: var(--soft); }

details { margin-top: 0.5rem; font-size: 0.8125rem; }
summary { width: fit-content; padding: 0.25rem 0; color: var(--soft); cursor: pointer; }
summary:hover { color: var(--ink); }
details .scroll { max-height: 20rem; overflow: auto; margin-top: 0.5rem; }
details table { font-size: 0.8125rem; }
details th, details td { padding: 0.3rem 0 0.3rem 1.25rem; }
details tbody th { font-weight: 400; min-width: 0; }

.nothing, footer { color: var(--soft); font-size: 0.875rem; }
footer { margin-top: 5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }

@media (max-width: 46rem) {
  .page { padding: 2.5rem 1.25rem 2rem; }
  .figures { grid-template-columns: minmax(0, 1fr); }
  .lead { font-size: 1.125rem; }
  section { margin-top: 3.5rem; }
  .chart { font-size: 13px; }
}
@page { margin: 16mm 14mm; }
@media print {
  :root { --paper: #fff; --shade: transparent; font-size: 9.5pt; }
  .page { max-width: none; padding: 0; }
  .skip, nav, details { display: none; }
  .chart { font-size: 16.5px; }
  .large .chart { max-width: 24rem; }
  section { margin-top: 2.25rem; }
  .group { margin-top: 1.25rem; padding-top: 1rem; }
  h2, h3, h4, figcaption, .caption, .facts, thead, section .provenance { break-after: avoid; }
  figure, .panel, tr, .facts, .glossary, .provenance { break-inside: avoid; }
  .scroll { overflow: visible; }
  .figures { grid-template-columns: repeat(3, minmax(0, 1fr)); column-gap: 2.25rem; margin-top: 1rem; }
  .figures:has(> :nth-child(-n + 2):last-child) { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures:has(> :nth-child(-n + 2):last-child) .chart { font-size: 12.5px; }
  .figures h4 { font-size: 0.9375rem; } figcaption p, .caption { font-size: 0.8125rem; } .legend { font-size: 0.75rem; }
  figure, .panel { margin-bottom: 1.5rem; }
  figure.large { grid-column: span 2; }
  th, td { padding-left: 0.75rem; } tbody th { min-width: 0; }
  .panel th, .panel td { padding: 0.2rem 0 0.2rem 0.375rem; font-size: 0.7188rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
