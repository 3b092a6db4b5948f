/** Exactly `steps` full batches from a source, pass after pass, each pass in its own order. */
import { UsageError } from "@qsae/runtime";
import type { Batch, DataSource } from "../contracts/data-source.ts";

export interface TrainingBatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** Steps already done: their batches are skipped. */
  readonly startStep: number;
  readonly steps: number;
}

/** @throws UsageError if the source holds less than one batch */
export async function* trainingBatches(source: DataSource, options: TrainingBatchOptions): AsyncGenerator<Batch> {
  const { batchSize, seed, startStep, steps } = options;
  const perEpoch = Math.floor(source.tokens / batchSize);
  if (perEpoch === 0) {
    throw new UsageError(
      `training: batch_size=${batchSize} exceeds the ${source.tokens} tokens of the data; lower batch_size`,
    );
  }
  let step = startStep;
  while (step < steps) {
    const skipBatches = step % perEpoch;
    for await (const batch of source.batches({ batchSize, seed, epoch: Math.floor(step / perEpoch), skipBatches })) {
      if (batch.n < batchSize) break; // the rest of the pass
      yield batch;
      step++;
      if (step === steps || step % perEpoch === 0) break;
    }
  }
}
