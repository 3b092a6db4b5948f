/** The training loop: batches in, checkpoints and events out. It knows no variant, no file and no terminal. */
import { NonFiniteError, UsageError, type HostTensors } from "@qsae/runtime";
import { DeviceError } from "../backends/device-error.ts";
import type { Backend } from "../contracts/backend.ts";
import type { DataSource } from "../contracts/data-source.ts";
import type { EndEvent, Reporter, StepEvent } from "../contracts/reporter.ts";
import type { CheckpointStore, SaeCheckpoint, TrainingCheckpoint } from "../contracts/sae-checkpoint.ts";
import type { Variant } from "../contracts/variant.ts";
import { learningRate } from "./learning-rate.ts";
import { initialState, requireSupport } from "./start/initial-state.ts";
import { hostCopies } from "./state/host-copies.ts";
import { restoreState } from "./state/restore.ts";
import { snapshotState } from "./state/snapshot.ts";
import { disposeState, type TrainingState } from "./state/training-state.ts";
import { trainingStep } from "./step/training-step.ts";
import { trainingBatches } from "./training-batches.ts";
import { parseTrainingConfig, tokensPerStep, totalSteps, type TrainingInput } from "./training-config.ts";

export interface TrainOptions {
  readonly backend: Backend;
  readonly variant: Variant;
  readonly source: DataSource;
  /** Defaults are filled in. */
  readonly training?: TrainingInput;
  /** Where checkpoints go. Absent: none are written. */
  readonly store?: CheckpointStore;
  readonly reporters?: readonly Reporter[];
  /** Goes on from here instead of starting fresh. Its configuration must be that of this run. */
  readonly resume?: TrainingCheckpoint;
  /** Parameters to start from, by name, as they act on the data; the rest is initialised. */
  readonly warmStart?: HostTensors;
  /** Finishes the current step, saves, and returns with reason `aborted`. */
  readonly signal?: AbortSignal;
  /** Stored in the checkpoint beside the source's. */
  readonly provenance?: Readonly<Record<string, string>>;
}

export interface TrainResult {
  /** The SAE as it is to be used: averaged weights, input normalisation folded in, where the run has those. */
  readonly checkpoint: SaeCheckpoint;
  /** Steps done in all. */
  readonly step: number;
  readonly reason: EndEvent["reason"];
}

/**
 * Trains a variant. The same seed on the same backend gives the same bits, and a resumed run the same bits as one that was
 * never interrupted.
 *
 * @throws UsageError for a contradictory configuration, one that the variant cannot follow, or data of another width
 * @throws NonFiniteError naming the step and the loss, gradient, activations or parameter that stopped being finite; the
 * last good checkpoint stays in the store
 * @throws DeviceError where a GPU is lost, naming the step to go on from: its checkpoint is in the store, at most half a
 * minute of work old (more where reading the state takes more than 1.5 seconds)
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { backend, variant, source, store, reporters = [], resume, signal } = options;
  const { ops } = backend;
  if (source.dIn !== variant.dIn) {
    throw new UsageError(
      `training: the data has d_in=${source.dIn}, the variant ${variant.id} d_in=${variant.dIn}; they must be equal`,
    );
  }
  const training = parseTrainingConfig(options.training ?? {});
  requireSupport(variant, training);
  const steps = totalSteps(training, source.tokens);
  const provenance = { ...source.provenance, ...options.provenance };
  const startedMs = performance.now();

  let state: TrainingState = resume
    ? restoreState(ops, resume, variant, training)
    : await initialState(ops, variant, source, training, options.warmStart);
  const startStep = state.step;
  let savedStep = startStep;

  const emit = async (call: (reporter: Reporter) => void | Promise<void> | undefined): Promise<void> => {
    for (const reporter of reporters) await call(reporter);
  };
  const snapshot = (): Promise<TrainingCheckpoint> => snapshotState(ops, state, variant, training, provenance);
  const copies = backend.failure && hostCopies();
  const write = async (checkpoint: TrainingCheckpoint): Promise<void> => {
    const { step } = checkpoint;
    const location = await store?.save(checkpoint);
    savedStep = step;
    if (location !== undefined) await emit((r) => r.onCheckpoint?.({ step, location }));
  };
  const save = async (): Promise<TrainingCheckpoint> => {
    const checkpoint = await (copies?.make(snapshot) ?? snapshot());
    await write(checkpoint);
    return checkpoint;
  };
  /** What a run ends with whose device was lost. */
  const endedBy = async (failure: DeviceError): Promise<DeviceError> => {
    const last = copies?.last;
    if (last && last.step > savedStep) await write(last);
    const kept =
      store && savedStep > 0
        ? `the checkpoint of step ${savedStep} is saved; go on from it: qsae train --resume`
        : "no checkpoint was saved yet";
    return new DeviceError(`training: ${failure.message} at step ${state.step + 1}; ${kept}`, { cause: failure });
  };
  /** What a number that is not finite ends with, said of the step that made it. */
  const guarded = async <T>(step: number, f: () => Promise<T>): Promise<T> => {
    try {
      return await f();
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      const lr = learningRate(training, step, steps);
      const kept =
        store && savedStep > 0 ? `the checkpoint of step ${savedStep} is kept` : "no checkpoint was saved yet";
      throw new NonFiniteError(
        `training: ${error.message} at step ${step} (lr ${lr.toExponential(1)}); ${kept}; lower lr, raise lr_warmup_steps or set clip_grad_norm`,
        { cause: error },
      );
    }
  };

  try {
    const config = { ...variant.config, training };
    const start = { variant: variant.id, config, backend: backend.name, startStep, totalSteps: steps, provenance };
    await emit((r) => r.onStart?.(start));

    // Records that nobody reads are not made.
    const recording = reporters.some((reporter) => reporter.onStep !== undefined)
      ? training
      : { ...training, gradients_every: 0 };
    const { batch_size: batchSize, accumulation_steps: batchesPerStep, seed } = training;
    for await (const batches of trainingBatches(source, { batchSize, batchesPerStep, seed, startStep, steps })) {
      if (signal?.aborted) break;
      const outcome = await guarded(state.step + 1, () => trainingStep(ops, variant, state, batches, recording, steps));
      state = outcome.state;
      const event: StepEvent = {
        ...outcome.measured,
        step: state.step,
        totalSteps: steps,
        tokens: state.step * tokensPerStep(training),
        elapsedMs: performance.now() - startedMs,
      };
      await emit((r) => r.onStep?.(event));
      if (state.step % training.checkpoint_every === 0 && state.step < steps) await guarded(state.step, save);
      else if (copies?.due()) await guarded(state.step, () => copies.make(snapshot));
    }

    const checkpoint = await guarded(state.step, save);
    const reason = state.step < steps ? "aborted" : "finished";
    await emit((r) => r.onEnd?.({ step: state.step, reason, elapsedMs: performance.now() - startedMs }));
    return { checkpoint: checkpoint.sae, step: state.step, reason };
  } catch (error) {
    const failure = await backend.failure?.();
    throw failure ? await endedBy(failure) : error;
  } finally {
    disposeState(ops, state);
  }
}
