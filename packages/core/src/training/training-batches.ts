/** Exactly the full batches of a run's steps from a source, pass after pass, each pass in its own order. */
import { UsageError } from "@qsae/runtime";
import type { Batch, DataSource } from "../contracts/data-source.ts";

export interface TrainingBatchOptions {
  readonly batchSize: number;
  /** Batches of one optimiser step. */
  readonly batchesPerStep: number;
  readonly seed: number;
  /** Steps already done: their batches are skipped. */
  readonly startStep: number;
  readonly steps: number;
}

/**
 * The batches of one step after another. A step may straddle two passes. Valid until the next step is asked for.
 *
 * @throws UsageError if the source holds less than one batch
 */
export async function* trainingBatches(
  source: DataSource,
  { batchesPerStep, startStep, steps, ...order }: TrainingBatchOptions,
): AsyncGenerator<readonly Batch[]> {
  let ofStep: Batch[] = [];
  for await (const batch of wholeBatches(source, {
    ...order,
    first: startStep * batchesPerStep,
    end: steps * batchesPerStep,
  })) {
    ofStep.push(batchesPerStep > 1 ? copied(batch) : batch);
    if (ofStep.length < batchesPerStep) continue;
    yield ofStep;
    ofStep = [];
  }
}

/** A source may reuse a batch's memory for the next one. */
function copied({ x, target, n, rows }: Batch): Batch {
  return { x: x.slice(), n, rows: rows.slice(), ...(target ? { target: target.slice() } : {}) };
}

async function* wholeBatches(
  source: DataSource,
  { batchSize, seed, first, end }: { batchSize: number; seed: number; first: number; end: number },
): AsyncGenerator<Batch> {
  const perEpoch = Math.floor(source.tokens / batchSize);
  if (perEpoch === 0) {
    throw new UsageError(
      `training: batch_size=${batchSize} exceeds the ${source.tokens} tokens of the data; lower batch_size`,
    );
  }
  let done = first;
  while (done < end) {
    const skipBatches = done % perEpoch;
    for await (const batch of source.batches({ batchSize, seed, epoch: Math.floor(done / perEpoch), skipBatches })) {
      if (batch.n < batchSize) break; // the rest of the pass
      yield batch;
      done++;
      if (done === end || done % perEpoch === 0) break;
    }
  }
}
