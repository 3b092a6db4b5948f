/** The configuration of a training run, apart from the variant's own. JSON keys are the field's and the reference's. */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";

export const trainingConfigSchema = z.strictObject({
  /** Optimiser steps. Exclusive with `epochs`. */
  steps: z.number().int().positive().optional(),
  /** Passes over the data; only whole batches count. Default 3 when `steps` is absent. */
  epochs: z.number().positive().optional(),
  /** Tokens per step. */
  batch_size: z.number().int().positive().default(1024),
  /** Peak learning rate of Adam. */
  lr: z.number().positive().default(1e-3),
  /** Steps of linear warm-up from 0. */
  lr_warmup_steps: z.number().int().nonnegative().default(50),
  /** Share of the steps, at the end, over which the learning rate falls linearly to 0. */
  lr_decay_fraction: z.number().min(0).max(1).default(0.3),
  /** Seed of initialisation and shuffling. */
  seed: z.number().int().nonnegative().default(0),
  /** A latent is dead when it has not fired in this many training tokens. */
  dead_after_tokens: z.number().int().positive().default(20_000),
  /** Steps between checkpoints. The last step is always saved. */
  checkpoint_every: z.number().int().positive().default(200),
});

/** A complete training configuration, defaults filled in. */
export type TrainingConfig = z.output<typeof trainingConfigSchema>;
/** What a person writes: every key optional. */
export type TrainingInput = z.input<typeof trainingConfigSchema>;

/** Fills defaults. @throws UsageError naming unknown keys, values out of range and contradictions, with what is allowed */
export function parseTrainingConfig(input: TrainingInput): TrainingConfig {
  const parsed = trainingConfigSchema.safeParse(input);
  if (!parsed.success) {
    const allowed = Object.keys(trainingConfigSchema.shape).join(", ");
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message,
    );
    throw new UsageError(`training config: ${problems.join("; ")}; keys allowed: ${allowed}`);
  }
  if (parsed.data.steps !== undefined && parsed.data.epochs !== undefined) {
    throw new UsageError("training config: steps and epochs contradict each other; give one of them");
  }
  return parsed.data;
}

/** Optimiser steps of the whole run on a source of `tokens` tokens. */
export function totalSteps(config: TrainingConfig, tokens: number): number {
  if (config.steps !== undefined) return config.steps;
  return Math.max(1, Math.round((config.epochs ?? 3) * Math.floor(tokens / config.batch_size)));
}

/** Learning rate at `step` (1-based): linear warm-up, constant, linear decay to 0. */
export function learningRate(config: TrainingConfig, step: number, steps: number): number {
  const warmup = config.lr_warmup_steps > 0 ? Math.min(1, step / config.lr_warmup_steps) : 1;
  const decaySteps = Math.round(config.lr_decay_fraction * steps);
  const decay = decaySteps > 0 ? Math.min(1, (steps - step + 1) / decaySteps) : 1;
  return config.lr * Math.min(warmup, decay);
}
