/**
 * Training after quantizing: codes stand, everything else moves (weights that are float, biases, scales). The last of the
 * error that rounding made is not in the codes: neighbours and biases make up for it.
 */
import type { Backend, DataSource, Reporter } from "@qsae/core";
import { train } from "@qsae/core";
import type { WorkingSae } from "../working-sae.ts";
import { stageSource } from "./stage-source.ts";
import { tunedVariant } from "./tuned-variant.ts";

export interface TuneOptions {
  readonly source: DataSource;
  readonly steps: number;
  /** Tokens per step. Default 1024. */
  readonly batchSize?: number;
  /** Falls along half a cosine to 0. Default 1e-3. */
  readonly lr?: number;
  readonly seed: number;
  readonly reporters?: readonly Reporter[];
  /** @see TrainOptions */
  readonly signal?: AbortSignal;
}

/** @throws what the training loop throws; the signal's reason where it is aborted */
export async function tune(backend: Backend, sae: WorkingSae, options: TuneOptions): Promise<WorkingSae> {
  const { source, steps, batchSize = 1024, lr = 1e-3, seed, reporters = [], signal } = options;
  const variant = tunedVariant(sae);
  const { checkpoint } = await train({
    backend,
    variant,
    source: stageSource(sae.origin, source),
    training: {
      gradients_every: 0, // nobody looks at them
      steps,
      batch_size: Math.min(batchSize, source.tokens),
      lr,
      lr_schedule: "cosine",
      lr_warmup_steps: 0,
      checkpoint_every: steps,
      seed,
    },
    reporters,
    ...(signal ? { signal } : {}),
  });
  signal?.throwIfAborted();
  return variant.after(checkpoint.tensors);
}
