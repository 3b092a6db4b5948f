/** One optimiser step: a backward pass per batch, the update, dead latents, averages. */
import type { Batch } from "../../contracts/data-source.ts";
import type { StepEvent } from "../../contracts/reporter.ts";
import type { TensorOps } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import { disposeBackward, together } from "../gradients/accumulate.ts";
import { backward, type Backward } from "../gradients/backward.ts";
import { learningRate } from "../learning-rate.ts";
import { disposeState, parametersOf, type TrainingState } from "../state/training-state.ts";
import type { TrainingConfig } from "../training-config.ts";
import { measuredStep, type MeasuredStep } from "./measured-step.ts";
import { withAverages } from "./moving-average.ts";
import { optimiserUpdate } from "./optimiser-update.ts";
import { readScalars } from "./read-scalars.ts";
import { resampleDead, resamplesAt } from "./resample-dead.ts";

export interface StepOutcome {
  readonly state: TrainingState;
  readonly measured: MeasuredStep & Pick<StepEvent, "lr" | "resampled">;
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
  try {
    const step = before.step + 1;
    const lr = learningRate(training, step, steps);
    const progress = before.step / Math.max(1, steps - 1);
    const resamples = resamplesAt(step, steps, training);
    pass = allBackward(ops, variant, before, batches, { training, progress, keepResiduals: resamples });
    const update = optimiserUpdate(ops, variant, before, pass, {
      lr,
      progress,
      deadAfterTokens: training.dead_after_tokens,
      ...(training.clip_grad_norm === undefined ? {} : { clipGradNorm: training.clip_grad_norm }),
    });
    state = { ...update.state, dead: before.dead };
    const measured = measuredStep(await readScalars(ops, update.scalars), pass.tokens);
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
    return { state, measured: { ...measured, lr, ...resampled } };
  } catch (error) {
    disposeState(ops, state);
    throw error;
  } finally {
    if (pass) disposeBackward(ops, pass);
  }
}

function allBackward(
  ops: TensorOps,
  variant: Variant,
  { slots, dead, sinceFired, inputScale }: TrainingState,
  batches: readonly Batch[],
  { training, ...same }: { training: TrainingConfig; progress: number; keepResiduals: boolean },
): Backward {
  const mask = dead > 0 ? { dead: ops.greaterEqual(sinceFired, training.dead_after_tokens) } : {};
  const options = { ...same, ...mask, ...(inputScale === undefined ? {} : { inputScale }) };
  const params = parametersOf(slots);
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
  } finally {
    if (mask.dead) ops.dispose(mask.dead);
  }
}
