/** The report's style sheet, and what a page with a form adds to it. */
import { STYLE as REPORT } from "../../../../packages/analysis/src/report/style.ts";

export const STYLE = `${REPORT}
main > section:first-child { margin-top: 3rem; }
.note { max-width: 42rem; margin-top: 1.25rem; padding-left: 0.875rem; border-left: 3px solid var(--series-5); font-size: 0.9375rem; color: var(--soft); }
.problem { max-width: 42rem; margin-top: 1rem; padding-left: 0.875rem; border-left: 3px solid var(--worse); overflow-wrap: anywhere; }
section > .caption { max-width: 42rem; margin-top: 0.875rem; text-wrap: pretty; }

.train { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 2rem 3rem; }
fieldset { min-width: 0; margin: 0; padding: 0; border: 0; }
fieldset:disabled { opacity: 0.6; }
legend { padding: 0; margin-bottom: 0.875rem; font-weight: 620; }
.choice { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.625rem; padding: 0.375rem 0; cursor: pointer; }
.choice small, .field > small, .file small { display: block; line-height: 1.45; }
.choice input { width: 1rem; height: 1rem; margin: 0.3125rem 0 0; accent-color: var(--series-1); }
.file { display: grid; gap: 0.375rem; margin-top: 0.5rem; max-width: 42rem; }
.file .problem { margin-top: 0.25rem; font-size: 0.875rem; }
input[type="file"] { max-width: 100%; font: inherit; font-size: 0.875rem; color: var(--soft); }
.field { display: grid; align-content: start; gap: 0.25rem; font-size: 0.9375rem; }
.field > span small { margin-left: 0.25rem; }
.numbers { align-items: end; }
/* words for screen readers stay within what scrolls, not beside it */
.scroll { position: relative; }
.numbers { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 1.5rem; margin-top: 1.25rem; }
input[type="number"], select, textarea {
  width: 100%; min-height: 2.5rem; padding: 0.375rem 0.625rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--paper); color: var(--ink); font: inherit; font-variant-numeric: tabular-nums lining-nums;
}
textarea { resize: vertical; line-height: 1.5; }
:is(input[type="number"], select, textarea):hover { border-color: var(--soft); }
:is(input[type="number"], select, textarea):focus-visible { outline-offset: 0; border-radius: 4px; }

.buttons { grid-column: 1 / -1; }
button, ::file-selector-button { font: inherit; color: inherit; cursor: pointer; }
.buttons button, ::file-selector-button {
  min-height: 2.5rem; padding: 0.375rem 1.5rem; border: 1px solid var(--soft); border-radius: 4px; background: none; font-weight: 620; color: var(--ink);
}
::file-selector-button { min-height: 2.25rem; margin-right: 0.875rem; padding: 0.25rem 1rem; font-weight: 500; font-size: 0.9375rem; }
.buttons button.main { min-width: 9rem; border-color: var(--ink); background: var(--ink); color: var(--paper); }
.buttons button:disabled { opacity: 0.5; cursor: default; }
.buttons button:not(:disabled):hover, ::file-selector-button:hover { background: var(--panel); }
.buttons button.main:not(:disabled):hover { background: var(--soft); border-color: var(--soft); }

.run { margin-top: 2.25rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
.run > .problem:first-child { margin-top: 0; }
.status { display: grid; gap: 0.5rem; font-variant-numeric: tabular-nums lining-nums; }
progress { appearance: none; width: 100%; height: 4px; border: 0; border-radius: 2px; background: var(--line); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--series-1); }
progress::-moz-progress-bar { background: var(--series-1); }
.machine { margin-top: 0.625rem; font-size: 0.8125rem; color: var(--soft); overflow-wrap: anywhere; }
.live { margin-top: 1.25rem; }
.live .figures { margin-top: 1rem; }
.now { float: right; font-weight: 560; font-variant-numeric: tabular-nums lining-nums; }

.panes { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem 3rem; margin-top: 1.5rem; }
.panes[hidden] { display: none; }
.facts + .field { margin-top: 1.75rem; }
.tokens { margin-top: 0.5rem; line-height: 2; overflow-wrap: anywhere; }
.token { padding: 0.1875rem 0; border: 0; border-radius: 2px; background: none; line-height: 1.4; white-space: pre-wrap; }
.token:hover { background: var(--panel); }
.token.fired { background: color-mix(in srgb, var(--series-1) calc(10% + 34% * var(--strength)), transparent); }
.token[aria-pressed="true"] { font-weight: 680; text-decoration: underline 2px; text-underline-offset: 0.22em; text-decoration-skip-ink: none; }
.latents { margin-top: 0.5rem; list-style: none; }
.latents button {
  display: grid; grid-template-columns: 5ch minmax(0, 1fr) 6ch; align-items: center; gap: 0.75rem; width: 100%; min-height: 2rem;
  padding: 0 0.5rem; border: 0; border-radius: 2px; background: none; font-size: 0.875rem; text-align: left;
}
.latents button:hover { background: var(--panel); }
.latents button[aria-pressed="true"] { background: var(--panel); box-shadow: inset 3px 0 var(--series-1); }
.latents .name { font-weight: 620; font-variant-numeric: tabular-nums lining-nums; }
.bar { height: 0.5rem; border-radius: 1px; background: linear-gradient(var(--series-1) 0 0) 0 0 / calc(100% * var(--share)) 100% no-repeat; }

@media (max-width: 46rem) {
  .train, .panes { grid-template-columns: minmax(0, 1fr); }
  .buttons button { width: 100%; min-height: 2.75rem; }
  .latents button { min-height: 2.75rem; }
  input[type="number"], select { min-height: 2.75rem; }
}
`;
