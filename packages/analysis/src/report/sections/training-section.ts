/** How the runs went: where each ended, its curves against training tokens, and what gradients did to its parameters. */
import { swatch } from "../figure.ts";
import { formatCount, formatDuration, formatFixed, formatFvu, formatSignificant } from "../format.ts";
import type { ReportRun, ReportStep } from "../report-input.ts";
import { filledGroups, type ReportSection } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { table } from "../table.ts";
import { curvesFigure, type Quantity } from "./curves-figure.ts";
import { gradientsGroup } from "./gradients-group.ts";

interface StepQuantity extends Quantity {
  readonly key: "loss" | "batchFvu" | "l0" | "dead" | "lr";
}

const QUANTITIES: readonly StepQuantity[] = [
  { key: "loss", title: "Loss", caption: "Sum of the loss terms of each step's batch", logAbove: 10 },
  { key: "batchFvu", title: "Batch FVU", caption: "FVU of each training batch; an evaluation is above", logAbove: 10 },
  { key: "l0", title: "L0", caption: "Active latents per token, mean of each batch" },
  {
    key: "dead",
    title: "Dead latents",
    caption: "Not fired in the run's last tokens, as the run counted them",
    zero: true,
  },
  { key: "lr", title: "Learning rate", caption: "Of each step", zero: true },
];

const RUN_COLUMNS = ["Run", "Steps", "Tokens", "Time", "Last loss", "Last batch FVU", "Last L0", "Last dead"];

export function trainingSection(runs: readonly ReportRun[], styles: ReadonlyMap<string, SeriesStyle>): ReportSection {
  return {
    id: "training",
    title: "Training",
    intro: [
      table({
        label: "Training runs",
        columns: RUN_COLUMNS,
        rows: runs.map(({ name, steps }) => {
          const last: Partial<ReportStep> = steps.at(-1) ?? {};
          return [
            swatch(name, styles.get(name)!),
            formatCount(last.step ?? steps.length),
            formatCount(last.tokens),
            formatDuration(last.elapsedMs),
            formatSignificant(last.loss),
            formatFvu(last.batchFvu),
            formatFixed(last.l0, 1),
            formatCount(last.dead),
          ];
        }),
      }),
    ],
    groups: filledGroups([
      {
        title: "Curves",
        items: QUANTITIES.flatMap(({ key, ...quantity }) => {
          const series = runs.map(({ name, steps }) => ({
            name,
            style: styles.get(name)!,
            points: steps.flatMap((step) => (step[key] === undefined ? [] : [{ x: step.tokens, y: step[key] }])),
          }));
          return curvesFigure(quantity, series, "Run");
        }),
      },
      ...runs.map(gradientsGroup),
    ]),
  };
}
