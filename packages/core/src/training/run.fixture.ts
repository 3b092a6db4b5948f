/** Runs on data in memory, with everything that came out of them. */
import type { StepEvent } from "../contracts/reporter.ts";
import type { DataSource } from "../contracts/data-source.ts";
import type { CheckpointStore, TrainingCheckpoint } from "../contracts/sae-checkpoint.ts";
import { train, type TrainOptions, type TrainResult } from "./train.ts";

/** A store in memory that remembers everything it was given. */
export function memoryStore(): CheckpointStore & { readonly saved: TrainingCheckpoint[] } {
  const saved: TrainingCheckpoint[] = [];
  return {
    saved,
    save: (checkpoint) => {
      saved.push(structuredClone(checkpoint));
      return Promise.resolve(`memory ${checkpoint.step}`);
    },
    load: () => Promise.resolve(saved.at(-1)),
  };
}

export interface Run {
  readonly events: StepEvent[];
  readonly result: TrainResult;
  readonly saved: readonly TrainingCheckpoint[];
}

export async function recorded(options: TrainOptions): Promise<Run> {
  const events: StepEvent[] = [];
  const store = memoryStore();
  const result = await train({ store, reporters: [{ onStep: (event) => void events.push(event) }], ...options });
  return { events, result, saved: store.saved };
}

/** A source whose targets are a function of its rows. */
export function withTargets(source: DataSource, targetOf: (x: Float32Array) => Float32Array): DataSource {
  return {
    ...source,
    batches: async function* (options) {
      for await (const batch of source.batches(options)) yield { ...batch, target: targetOf(batch.x) };
    },
  };
}
