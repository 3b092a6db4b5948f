/** The training loop: batches in, checkpoints and events out. It knows no variant, no file and no terminal. */
import { NonFiniteError, UsageError, type HostTensors } from "@qsae/runtime";
import type { Backend } from "../contracts/backend.ts";
import type { DataSource } from "../contracts/data-source.ts";
import type { EndEvent, Reporter, StepEvent } from "../contracts/reporter.ts";
import type { CheckpointStore, SaeCheckpoint, TrainingCheckpoint } from "../contracts/sae-checkpoint.ts";
import type { Variant } from "../contracts/variant.ts";
import { restoreState, snapshotState } from "./checkpoint-state.ts";
import { initialState, type TrainingState } from "./training-state.ts";
import { trainingBatches } from "./training-batches.ts";
import { learningRate, parseTrainingConfig, totalSteps, type TrainingInput } from "./training-config.ts";
import { trainingStep } from "./training-step.ts";

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
  /** Parameters to start from, by name; the rest is initialised. */
  readonly warmStart?: HostTensors;
  /** Finishes the current step, saves, and returns with reason `aborted`. */
  readonly signal?: AbortSignal;
  /** Stored in the checkpoint beside the source's. */
  readonly provenance?: Readonly<Record<string, string>>;
}

export interface TrainResult {
  readonly checkpoint: SaeCheckpoint;
  /** Steps done in all. */
  readonly step: number;
  readonly reason: EndEvent["reason"];
}

/**
 * Trains a variant. The same seed on the same backend gives the same bits, and a resumed run the same bits as one that was
 * never interrupted.
 *
 * @throws UsageError for a contradictory configuration or data of another width
 * @throws NonFiniteError when a loss stops being finite; the last good checkpoint stays in the store
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
  const save = async (): Promise<TrainingCheckpoint> => {
    const checkpoint = await snapshotState(ops, state, variant, training, provenance);
    const location = await store?.save(checkpoint);
    savedStep = state.step;
    if (location !== undefined) await emit((r) => r.onCheckpoint?.({ step: state.step, location }));
    return checkpoint;
  };

  try {
    const config = { ...variant.config, training };
    const start = { variant: variant.id, config, backend: backend.name, startStep, totalSteps: steps, provenance };
    await emit((r) => r.onStart?.(start));

    const batches = trainingBatches(source, { batchSize: training.batch_size, seed: training.seed, startStep, steps });
    for await (const batch of batches) {
      if (signal?.aborted) break;
      const lr = learningRate(training, state.step + 1, steps);
      const outcome = await trainingStep(ops, variant, state, batch, {
        lr,
        progress: state.step / steps,
        deadAfterTokens: training.dead_after_tokens,
      });
      state = outcome.state;
      const event: StepEvent = {
        ...outcome.measured,
        step: state.step,
        totalSteps: steps,
        tokens: state.step * training.batch_size,
        lr,
        elapsedMs: performance.now() - startedMs,
      };
      requireFiniteLosses(event, savedStep, store !== undefined);
      await emit((r) => r.onStep?.(event));
      if (state.step % training.checkpoint_every === 0 && state.step < steps) await save();
    }

    const checkpoint = await save();
    const reason = state.step < steps ? "aborted" : "finished";
    await emit((r) => r.onEnd?.({ step: state.step, reason, elapsedMs: performance.now() - startedMs }));
    return { checkpoint: checkpoint.sae, step: state.step, reason };
  } finally {
    state.dispose();
  }
}

function requireFiniteLosses({ step, losses, lr }: StepEvent, savedStep: number, stored: boolean): void {
  const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  const last = stored && savedStep > 0 ? `the checkpoint of step ${savedStep} is kept` : "no checkpoint was saved yet";
  throw new NonFiniteError(
    `training: loss "${bad[0]}" became ${bad[1]} at step ${step} (lr ${lr.toExponential(1)}); ${last}; lower lr or raise lr_warmup_steps`,
  );
}
