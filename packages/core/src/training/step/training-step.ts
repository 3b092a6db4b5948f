/** One optimiser step: a backward pass per batch, the update, dead latents, averages. */
import type { Batch } from "../../contracts/data-source.ts";
import type { StepEvent } from "../../contracts/reporter.ts";
import type { TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import { disposeBackward, together } from "../gradients/accumulate.ts";
import { backward, type Backward, type BackwardOptions, type PassOptions } from "../gradients/backward.ts";
import { learningRate } from "../learning-rate.ts";
import { recordedAt } from "../records/recorded-steps.ts";
import { straightThroughMismatches } from "../records/straight-through/straight-through.ts";
import { gradientRecords } from "../records/update-figures.ts";
import { disposeState, parametersOf, type TrainingState } from "../state/training-state.ts";
import type { TrainingConfig } from "../training-config.ts";
import { measuredStep, unprefixed, type MeasuredStep } from "./measured-step.ts";
import { withAverages } from "./moving-average.ts";
import { FIGURE, optimiserUpdate } from "./optimiser-update.ts";
import { readScalars } from "./read-scalars.ts";
import { resampleDead, resamplesAt } from "./resample-dead.ts";

export interface StepOutcome {
  readonly state: TrainingState;
  readonly measured: MeasuredStep & Pick<StepEvent, "lr" | "gradients" | "resampled">;
}

/**
 * The state after one step of a run of `steps`. The one given is consumed, also where this throws.
 *
 * @throws NonFiniteError naming the loss, gradient or activations that are not finite
 */
export async function trainingStep(
  ops: TensorOps,
  variant: Variant,
  before: TrainingState,
  batches: readonly Batch[],
  training: TrainingConfig,
  steps: number,
): Promise<StepOutcome> {
  let state = before;
  let pass: Backward | undefined;
  const step = before.step + 1;
  const progress = before.step / Math.max(1, steps - 1);
  const seen = passOptions(ops, before, training, progress);
  try {
    const lr = learningRate(training, step, steps);
    const resamples = resamplesAt(step, steps, training);
    const { recorded, compared } = recordedAt(step, steps, training.gradients_every);
    const params = parametersOf(before.slots);
    pass = allBackward(ops, variant, params, batches, { ...seen, keepResiduals: resamples });
    // With the weights of the forward pass, which the update consumes.
    const mismatches = compared
      ? await straightThroughMismatches(ops, variant, params, batches[0]!, { ...seen, step, seed: training.seed })
      : {};
    const update = optimiserUpdate(ops, variant, before, pass, {
      lr,
      progress,
      deadAfterTokens: training.dead_after_tokens,
      ...(training.clip_grad_norm === undefined ? {} : { clipGradNorm: training.clip_grad_norm }),
      recorded,
    });
    state = { ...update.state, dead: before.dead };
    const scalars = await readScalars(ops, update.scalars);
    const measured = measuredStep(scalars, pass.tokens);
    const gradients = update.recorded
      ? { gradients: gradientRecords(unprefixed(FIGURE, scalars), update.recorded, measured.gradNorms, mismatches) }
      : {};
    state = { ...state, dead: measured.dead };
    let resampled: Pick<StepEvent, "resampled"> = {};
    if (resamples) {
      const revived = await resampleDead(ops, variant, state, {
        residuals: pass.residuals,
        deadAfterTokens: training.dead_after_tokens,
        seed: training.seed,
      });
      state = revived.state;
      resampled = { resampled: revived.resampled };
    }
    if (training.ema_decay !== undefined) state = withAverages(ops, state, training.ema_decay);
    return { state, measured: { ...measured, lr, ...gradients, ...resampled } };
  } catch (error) {
    disposeState(ops, state);
    throw error;
  } finally {
    if (pass) disposeBackward(ops, pass);
    if (seen.dead) ops.dispose(seen.dead);
  }
}

/** What the forward passes of this step see of the run. The mask of dead latents belongs to the caller. */
function passOptions(
  ops: TensorOps,
  { dead, sinceFired, inputScale }: TrainingState,
  training: TrainingConfig,
  progress: number,
): PassOptions {
  return {
    progress,
    ...(dead > 0 ? { dead: ops.greaterEqual(sinceFired, training.dead_after_tokens) } : {}),
    ...(inputScale === undefined ? {} : { inputScale }),
  };
}

function allBackward(
  ops: TensorOps,
  variant: Variant,
  params: Tensors,
  batches: readonly Batch[],
  options: BackwardOptions,
): Backward {
  let pass: Backward | undefined;
  try {
    for (const batch of batches) {
      const one = backward(ops, variant, params, batch, options);
      pass = pass ? together(ops, pass, one) : one;
    }
    return pass!;
  } catch (error) {
    if (pass) disposeBackward(ops, pass);
    throw error;
  }
}
