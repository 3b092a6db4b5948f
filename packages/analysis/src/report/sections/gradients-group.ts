/** What gradients did to the parameters of one run, over time: a chart per quantity, a line per parameter. */
import type { GradientRecord } from "@qsae/core";
import type { ReportRun } from "../report-input.ts";
import type { FigureGroup } from "../report-section.ts";
import { seriesStyles } from "../series-styles.ts";
import { curvesFigure, type Quantity } from "./curves-figure.ts";

interface GradientQuantity extends Quantity {
  readonly of: (record: GradientRecord) => number | undefined;
}

const QUANTITIES: readonly GradientQuantity[] = [
  { title: "Gradient norm", caption: "Before clipping", of: ({ norm }) => norm, log: true },
  {
    title: "Update ratio",
    caption: "Norm of a step's change over the norm of the parameter",
    of: ({ updateRatio }) => updateRatio,
    log: true,
  },
  {
    title: "Zero gradients",
    caption: "Share of the entries whose gradient is exactly 0",
    of: ({ zeroShare }) => zeroShare,
    zero: true,
    share: true,
  },
  {
    title: "Changed codes",
    caption: "Share of the codes that a step changed",
    of: ({ changedCodes }) => changedCodes,
    log: true,
    share: true,
  },
  {
    title: "Sign flips",
    caption: "Share of the codes whose sign a step changed",
    of: ({ signFlips }) => signFlips,
    log: true,
    share: true,
  },
  {
    title: "Straight-through direction",
    caption:
      "Cosine of straight-through gradients with what a step of each code does to the loss, on sampled weights; 1: they agree",
    of: ({ straightThrough }) => straightThrough?.cosine,
  },
  {
    title: "Straight-through error",
    caption: "The same two: norm of their difference over the norm of what steps of codes do; 0: they agree",
    of: ({ straightThrough }) => straightThrough?.relativeError,
    zero: true,
  },
];

/** Without figures where the run has no records. */
export function gradientsGroup({ name, steps }: ReportRun): FigureGroup {
  const parameters = [...new Set(steps.flatMap(({ gradients = {} }) => Object.keys(gradients)))];
  const styles = seriesStyles(parameters);
  return {
    title: `Gradients of ${name}`,
    fileName: name,
    items: QUANTITIES.flatMap(({ of, ...quantity }) => {
      const series = parameters.map((parameter) => ({
        name: parameter,
        style: styles.get(parameter)!,
        points: steps.flatMap(({ tokens, gradients = {} }) => {
          const record = Object.hasOwn(gradients, parameter) ? gradients[parameter] : undefined;
          const y = record && of(record);
          return y === undefined ? [] : [{ x: tokens, y }];
        }),
      }));
      return curvesFigure(quantity, series, "Parameter");
    }),
  };
}
