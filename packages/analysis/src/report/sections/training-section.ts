/** How the runs went: where each ended, and its curves against training tokens. */
import { curvesChart, type Curve } from "../charts/curves-chart.ts";
import { extentOf } from "../charts/axis.ts";
import type { Point } from "../downsample.ts";
import { figure } from "../figure.ts";
import { formatCount, formatDuration, formatFixed, formatFvu, formatSignificant } from "../format.ts";
import { html, type Html } from "../html.ts";
import type { ReportRun, ReportStep } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { table } from "../table.ts";
import { isPlottable } from "./is-plottable.ts";
import { swatch } from "./swatch.ts";

interface Quantity {
  readonly key: "loss" | "batchFvu" | "l0" | "dead" | "lr";
  readonly title: string;
  readonly caption: string;
  readonly zero?: boolean;
  readonly logAbove?: number;
}

const QUANTITIES: readonly Quantity[] = [
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

export function trainingSection(runs: readonly ReportRun[], styles: ReadonlyMap<string, SeriesStyle>): Html {
  return html`<section id="training" aria-labelledby="training-title">
    <h2 id="training-title">Training</h2>
    ${table({
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
    })}
    <div class="figures">${QUANTITIES.map((quantity) => curvesFigure(quantity, runs, styles))}</div>
  </section>`;
}

function curvesFigure(
  { key, title, caption, ...options }: Quantity,
  runs: readonly ReportRun[],
  styles: ReadonlyMap<string, SeriesStyle>,
): Html | undefined {
  let left = 0;
  const curves = runs.flatMap(({ name, steps }): Curve[] => {
    const points = steps.flatMap((step): Point[] => {
      const y = step[key];
      if (y === undefined) return [];
      if (isPlottable(y) && isPlottable(step.tokens)) return [{ x: step.tokens, y }];
      left++;
      return [];
    });
    return points.length === 0 ? [] : [{ name, style: styles.get(name)!, points }];
  });
  if (curves.length === 0) return undefined;
  const { svg, log } = curvesChart({ curves, ...options });
  const rows = curves.map(({ name, points }) => {
    const [low, high] = extentOf(points.map(({ y }) => y))!;
    return [name, ...[points[0]!.y, low, high, points.at(-1)!.y].map(formatSignificant)] as const;
  });
  return figure({
    title,
    caption: [
      caption,
      ...(log ? ["log scale"] : []),
      ...(left > 0 ? [`${left} values that are not finite left out`] : []),
    ].join("; "),
    svg,
    description:
      `Line chart of ${title} against training tokens: ` +
      rows.map(([name, first, , , last]) => `${name} from ${first} to ${last}`).join("; "),
    data: { columns: ["Run", "First", "Lowest", "Highest", "Last"], rows },
  });
}
