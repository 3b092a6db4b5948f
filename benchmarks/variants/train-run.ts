/** One training run that goes on where it was killed: checkpoints, and beside them what a checkpoint does not know. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  train,
  type Backend,
  type DataSource,
  type Reporter,
  type SaeCheckpoint,
  type StepEvent,
  type TrainingConfig,
  type Variant,
} from "@qsae/core";
import { fileCheckpointStore, writeFileAtomic } from "@qsae/data";
import type { HostTensors } from "@qsae/runtime";

export interface RunOptions {
  /** Of this run alone: another configuration needs another folder. */
  readonly folder: string;
  readonly backend: Backend;
  readonly variant: Variant;
  readonly training: TrainingConfig;
  readonly source: DataSource;
  readonly warmStart?: HostTensors;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

export interface FinishedRun {
  readonly checkpoint: SaeCheckpoint;
  readonly steps: number;
  /** Latents dead at the end. */
  readonly dead: number;
  /** Over all parts of the run. */
  readonly seconds: number;
}

interface Notes {
  readonly step: number;
  readonly dead: number;
  readonly seconds: number;
}

/** @throws the signal's reason, after a checkpoint is written */
export async function finishRun(options: RunOptions): Promise<FinishedRun> {
  const { folder, backend, variant, training, source, warmStart, reporter, signal } = options;
  const store = fileCheckpointStore(folder);
  const before = await readNotes(folder);
  const saved = before && (await store.load());
  // Killed between a checkpoint and its notes: from the start, since the notes would be of another step.
  const resume = saved?.step === before?.step ? saved : undefined;
  const notes = noteTaker(folder, resume ? before! : { step: 0, dead: 0, seconds: 0 });
  const { checkpoint, step, reason } = await train({
    backend,
    variant,
    source,
    training,
    store,
    reporters: [reporter, notes],
    signal,
    ...(resume ? { resume } : {}),
    ...(warmStart ? { warmStart } : {}),
  });
  if (reason === "aborted") signal.throwIfAborted();
  const { dead, seconds } = (await readNotes(folder))!;
  return { checkpoint, steps: step, dead, seconds };
}

function noteTaker(folder: string, before: Notes): Reporter {
  const startedMs = performance.now();
  let last: StepEvent | undefined;
  return {
    onStep: (event) => {
      last = event;
    },
    onCheckpoint: async ({ step }) => {
      const seconds = before.seconds + (performance.now() - startedMs) / 1000;
      const notes: Notes = last ? { step, dead: last.dead, seconds } : before;
      await writeFileAtomic(join(folder, NOTES), new TextEncoder().encode(JSON.stringify(notes)));
    },
  };
}

const NOTES = "notes.json";

async function readNotes(folder: string): Promise<Notes | undefined> {
  const path = join(folder, NOTES);
  return existsSync(path) ? (JSON.parse(await readFile(path, "utf8")) as Notes) : undefined;
}
