/** How latent browsers look; part of the report's style sheet where there is one. Colours are those of style.ts. */
export const BROWSER_STYLE = `
.introduction { max-width: 42rem; margin-top: -0.75rem; font-size: 0.9375rem; color: var(--soft); text-wrap: pretty; }
.browser { margin-top: 1.5rem; }
.browser-bar { display: flex; flex-wrap: wrap; align-items: end; gap: 0.75rem 1.25rem; }
.browser-bar label { display: grid; gap: 0.25rem; font-size: 0.8125rem; color: var(--soft); }
.browser-bar label:first-child { flex: 1 1 15rem; }
.browser-bar input, .browser-bar select {
  width: 100%; min-height: 2.25rem; padding: 0.25rem 0.625rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--paper); color: var(--ink); font: inherit; font-size: 0.9375rem;
}
.browser-bar :is(input, select):hover { border-color: var(--soft); }
.browser-bar :focus-visible { outline-offset: 0; border-radius: 4px; }
.browser-status { flex: 1 0 100%; font-size: 0.8125rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.panes { display: grid; grid-template-columns: minmax(0, 19rem) minmax(0, 1fr); gap: 2.25rem; margin-top: 0.75rem; }

.latent-list {
  position: relative; height: clamp(18rem, 78vh, 42rem); overflow-y: auto; overscroll-behavior: contain;
  border-block: 1px solid var(--line); font-size: 0.875rem;
}
.latent-list .lines { position: relative; overflow: hidden; }
.option {
  position: absolute; inset: 0 0 auto; display: grid; grid-template-columns: calc(var(--digits) * 1ch + 0.5ch) minmax(0, 1fr) auto;
  align-items: center; gap: 0.75rem; height: 2.25rem; padding: 0 0.625rem; cursor: pointer;
}
.option:hover, .neighbours button:hover { background: var(--panel); }
.option[aria-selected="true"] { background: var(--panel); box-shadow: inset 3px 0 var(--series); }
.name, .share, .cosine { font-variant-numeric: tabular-nums lining-nums; }
.option .name { font-weight: 620; }
.share, .cosine { color: var(--soft); font-size: 0.8125rem; text-align: right; }
.line { overflow: hidden; white-space: pre; text-overflow: ellipsis; color: var(--soft); }
.line strong { color: var(--ink); font-weight: 620; }

.latent { scroll-margin-top: 1.5rem; }
.latent h3 { font-size: 1.25rem; font-weight: 650; letter-spacing: -0.008em; }
.latent h3:focus-visible { outline-offset: 4px; }
.latent h4 { margin: 1.75rem 0 0; font-size: 0.875rem; font-weight: 620; line-height: 1.3; overflow-wrap: anywhere; }
.latent h4 small { margin-left: 0.25rem; }
.latent-facts { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin-top: 0.625rem; font-size: 0.875rem; }
.latent-facts dt { color: var(--soft); font-size: 0.8125rem; }
.latent-facts dd { font-variant-numeric: tabular-nums lining-nums; overflow-wrap: anywhere; }
.latent-facts .was { color: var(--soft); font-size: 0.8125rem; }
.contexts, .neighbours { list-style: none; }
.contexts li { padding: 0.6875rem 0; border-bottom: 1px solid var(--line); }
.context-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.75; color: var(--ink); }
.fired { padding: 0.125em 0; background: color-mix(in srgb, var(--series) calc(10% + 34% * var(--strength)), transparent); }
strong.fired { font-weight: 680; text-decoration: underline 2px; text-underline-offset: 0.22em; text-decoration-skip-ink: none; }
.context-note { font-size: 0.8125rem; color: var(--soft); font-variant-numeric: tabular-nums lining-nums; }
.context-note .value { color: var(--ink); }
.context-note em { margin-left: 0.75rem; font-style: normal; font-weight: 620; color: var(--ink); }
.sides { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.75rem; }
.neighbours { margin: 0.375rem -0.625rem 0; }
.neighbours button {
  display: grid; grid-template-columns: calc(var(--digits) * 1ch + 0.5ch) minmax(0, 1fr) auto; align-items: center; gap: 0.75rem; width: 100%;
  min-height: 2.25rem; padding: 0 0.625rem; border: 0; background: none; color: var(--ink); font: inherit; font-size: 0.875rem;
  text-align: left; cursor: pointer;
}
.neighbours .name { font-weight: 620; text-decoration: underline; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }

@media (max-width: 46rem) {
  .panes { grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
  .latent-list { height: 15rem; }
  .option, .neighbours button { height: 2.75rem; }
  .browser-bar label { flex: 1 1 9rem; }
  .browser-bar label:first-child { flex-basis: 100%; }
  .browser-bar :is(input, select) { min-height: 2.75rem; font-size: 1rem; }
  .sides { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  .browser-bar, .latent-list { display: none; }
  .panes { display: block; margin-top: 0; }
  .browser { margin-top: 1rem; }
  .contexts li, .neighbours { break-inside: avoid; }
  .latent h3, .latent h4 { break-after: avoid; }
}
`;
