/**
 * The learning rate over a run: linear warm-up, constant, and a fall over the last `lr_decay_fraction` of the steps,
 *
 *     lr(t) = lr min(t / warmup, m + (1 - m) f(r)),   r = (steps - t + 1) / decay steps, at most 1,   m = lr_min_fraction
 *     f(r) = r (linear),   (1 - cos(pi r)) / 2 (cosine: Loshchilov & Hutter 2017, "SGDR", eq. 5, without restarts)
 */
import type { TrainingConfig } from "./training-config.ts";

type Schedule = Pick<
  TrainingConfig,
  "lr" | "lr_schedule" | "lr_warmup_steps" | "lr_decay_fraction" | "lr_min_fraction"
>;

/** Learning rate at `step`, 1 for the first of `steps`. */
export function learningRate(config: Schedule, step: number, steps: number): number {
  const warmup = config.lr_warmup_steps > 0 ? Math.min(1, step / config.lr_warmup_steps) : 1;
  const decaySteps = Math.round(config.lr_decay_fraction * steps);
  const remaining = decaySteps > 0 ? Math.min(1, (steps - step + 1) / decaySteps) : 1;
  const floor = config.lr_min_fraction;
  return config.lr * Math.min(warmup, floor + (1 - floor) * shape(config.lr_schedule, remaining));
}

/** 1 at 1, 0 at 0. */
function shape(schedule: Schedule["lr_schedule"], remaining: number): number {
  switch (schedule) {
    case "constant":
      return 1;
    case "linear":
      return remaining;
    case "cosine":
      return (1 - Math.cos(Math.PI * remaining)) / 2;
  }
}
