/** The live curves of a run. */
import { html, nothing, type TemplateResult } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import type { Point } from "../../../../packages/analysis/src/report/downsample.ts";
import type { Step } from "../job.ts";
import { presetOf } from "../presets.ts";
import type { Run } from "../state.ts";
import { curveChart } from "./curve-chart.ts";
import { formatCount, formatFvu, formatSignificant } from "./format.ts";

interface Quantity {
  readonly title: string;
  readonly caption: string;
  readonly log?: boolean;
  readonly whole?: boolean;
  readonly points: (steps: readonly Step[]) => readonly Point[];
  readonly format: (value: number) => string;
}

const of =
  (key: "loss" | "batchFvu" | "dead") =>
  (steps: readonly Step[]): readonly Point[] =>
    steps.map((step) => ({ x: step.tokens, y: step[key] }));

const QUANTITIES: readonly Quantity[] = [
  { title: "Loss", caption: "Of each batch; log scale", log: true, points: of("loss"), format: formatSignificant },
  {
    title: "FVU",
    caption: "Fraction of variance unexplained, of each batch; log scale",
    log: true,
    points: of("batchFvu"),
    format: formatFvu,
  },
  {
    title: "Dead latents",
    caption: "Not fired in the last 20,000 tokens",
    whole: true,
    points: of("dead"),
    format: formatCount,
  },
  { title: "Speed", caption: "Training tokens per second", points: speeds, format: formatCount },
];

/** One step is too short for the clock, and for the eye. */
const SPEED_STEPS = 25;

function speeds(steps: readonly Step[]): readonly Point[] {
  return steps.flatMap((step, i) => {
    const before = steps[i - SPEED_STEPS];
    if (before === undefined) return [];
    return [{ x: step.tokens, y: (1000 * (step.tokens - before.tokens)) / (step.elapsedMs - before.elapsedMs) }];
  });
}

export function curvesView({ job, curves }: Run): TemplateResult | typeof nothing {
  const last = curves.at(-1)?.at(-1);
  if (last === undefined) return nothing;
  const { stages } = presetOf(job.preset);
  return html`<div class="live">
    ${
      stages.length > 1
        ? html`<ul class="legend">
            ${stages.map(({ name }, i) => html`<li><span class="swatch" style="--series: ${color(i)}"></span>${name}</li>`)}
          </ul>`
        : nothing
    }
    <div class="figures">
      ${guard([curves, last.stage, last.step], () => QUANTITIES.map((quantity) => figure(quantity, curves, last)))}
    </div>
  </div>`;
}

function figure(
  { title, caption, log = false, whole = false, points, format }: Quantity,
  stages: Run["curves"],
  last: Step,
): TemplateResult | typeof nothing {
  const curves = stages.map((steps, i) => ({ color: color(i), points: points(steps) }));
  const totalTokens = (last.tokens / last.step) * last.totalSteps;
  const svg = curveChart({ curves, totalTokens, log, whole });
  const now = curves.at(-1)?.points.at(-1)?.y;
  if (svg === undefined) return nothing;
  return html`<figure>
    <figcaption>
      <h4>${title} <span class="now">${now === undefined ? nothing : format(now)}</span></h4>
      <p>${caption}</p>
    </figcaption>
    <div class="plot" role="img" aria-label="${title} against training tokens">${svg}</div>
  </figure>`;
}

const color = (stage: number): string => `var(--series-${stage + 1})`;
