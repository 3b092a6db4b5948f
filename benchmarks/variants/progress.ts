/** Progress of a cell on stderr: a line now and then, readable in a log file. */
import type { Reporter } from "@qsae/core";

const EVERY_MS = 15_000;

/** What one line says. */
export interface Progress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly l0?: number;
  readonly dead?: number;
}

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** A function to be called at every step, which speaks at the first one, the last one and sometimes between. */
export function progressLines(label: string): (progress: Progress) => void {
  const startedMs = performance.now();
  let firstStep: number | undefined;
  let saidMs = -Infinity;
  return ({ step, totalSteps, loss, l0, dead }) => {
    firstStep ??= step;
    const nowMs = performance.now();
    if (step < totalSteps && nowMs - saidMs < EVERY_MS) return;
    saidMs = nowMs;
    const msPerStep = (nowMs - startedMs) / (step - firstStep + 1);
    const figures = [
      `step ${step}/${totalSteps}`,
      `loss ${loss.toPrecision(4)}`,
      ...(l0 === undefined ? [] : [`L0 ${l0.toFixed(1)}`]),
      ...(dead === undefined ? [] : [`dead ${dead}`]),
      ...(step === firstStep ? [] : [`ETA ${Math.ceil((msPerStep * (totalSteps - step)) / 1000)} s`]),
    ];
    say(`${label}  ${figures.join("  ")}`);
  };
}

export function progressReporter(label: string): Reporter {
  const onStep = progressLines(label);
  return { onStep };
}
