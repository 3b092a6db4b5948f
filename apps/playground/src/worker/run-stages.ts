/** Trains the runs of a preset, each from the weights of the one before. */
import { train, type Backend, type DataSource, type SaeCheckpoint, type StepEvent } from "@qsae/core";
import { variantByName, type VariantCatalog } from "@qsae/variants";
import type { Job, Step } from "../job.ts";
import type { Preset } from "../presets.ts";

export interface StagesOptions {
  readonly backend: Backend;
  readonly catalog: VariantCatalog;
  readonly source: DataSource;
  readonly onStep: (step: Step) => void | Promise<void>;
  readonly signal: AbortSignal;
}

export interface TrainedSae {
  readonly checkpoint: SaeCheckpoint;
  readonly stoppedEarly: boolean;
}

/**
 * @returns undefined where it was stopped before the first step of the last run: there is no SAE of the wanted kind then
 * @throws UsageError if sizes are out of range, NonFiniteError if training diverges
 */
export async function runStages(
  { stages }: Pick<Preset, "stages">,
  { dSae, k, steps }: Pick<Job, "dSae" | "k" | "steps">,
  { backend, catalog, source, onStep, signal }: StagesOptions,
): Promise<TrainedSae | undefined> {
  let last: SaeCheckpoint | undefined;
  for (const [stage, { variant: id, config, training }] of stages.entries()) {
    const variant = variantByName(id, { d_in: source.dIn, d_sae: dSae, k, ...config }, catalog);
    const { checkpoint, reason, step } = await train({
      backend,
      variant,
      source,
      // Nothing here reads checkpoints or records of gradients.
      training: { ...training, steps, checkpoint_every: steps, gradients_every: 0 },
      reporters: [{ onStep: (event) => onStep(stepOf(stage, event)) }],
      signal,
      ...(last && { warmStart: last.tensors }),
    });
    if (reason === "aborted") {
      return stage === stages.length - 1 && step > 0 ? { checkpoint, stoppedEarly: true } : undefined;
    }
    last = checkpoint;
  }
  return last && { checkpoint: last, stoppedEarly: false };
}

function stepOf(stage: number, { step, totalSteps, tokens, loss, batchFvu, dead, elapsedMs }: StepEvent): Step {
  return { stage, step, totalSteps, tokens, loss, batchFvu, dead, elapsedMs };
}
