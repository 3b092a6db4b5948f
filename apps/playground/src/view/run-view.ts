/** A run while it goes on, and how it ended. */
import { html, nothing, type TemplateResult } from "lit-html";
import { presetOf } from "../presets.ts";
import type { Run } from "../state.ts";
import { curvesView } from "./curves-view.ts";
import { formatCount } from "./format.ts";

export function runView(run: Run): TemplateResult {
  const { backend, data } = run;
  const facts = [
    data && `${formatCount(data.trainTokens)} training tokens of width ${formatCount(data.dIn)}`,
    data && `${formatCount(data.heldoutTokens)} held out`,
    backend,
  ].filter((fact) => fact !== undefined);
  return html`<section class="run" aria-label="Training">
    ${statusView(run)} ${facts.length > 0 ? html`<p class="machine">${facts.join(" · ")}</p>` : nothing}
    ${curvesView(run)}
  </section>`;
}

function statusView({ end, progress, job, curves, stopping }: Run): TemplateResult | typeof nothing {
  if (end?.kind === "failed") return html`<p class="problem" role="alert">${end.problem}</p>`;
  if (end?.kind === "stopped") return html`<p role="status">Stopped before there was a trained SAE.</p>`;
  if (end !== undefined) return nothing;
  const step = curves.at(-1)?.at(-1);
  if (progress !== undefined) return bar(progress.doing, progress.done, progress.total);
  if (step === undefined) return bar("Starting", 0, undefined);
  const { stages } = presetOf(job.preset);
  const which = stages.length > 1 ? ` run ${step.stage + 1} of ${stages.length}, ${stages[step.stage]!.name}` : "";
  const doing = stopping
    ? "Stopping"
    : `Training${which}: step ${formatCount(step.step)} of ${formatCount(step.totalSteps)}`;
  return bar(doing, step.step, step.totalSteps);
}

function bar(doing: string, done: number, total: number | undefined): TemplateResult {
  return html`<div class="status" role="status">
    <span>${doing}</span>
    ${total === undefined ? html`<progress></progress>` : html`<progress max=${total} value=${done}></progress>`}
  </div>`;
}
