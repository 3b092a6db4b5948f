/**
 * One training run in a folder: checkpoints, metrics and the configuration while it goes, the packed SAE at its end. What
 * `train` and `quickstart` do.
 */
import { mkdir, rm } from "node:fs/promises";
import { relative, resolve } from "node:path";
import {
  tokensPerStep,
  train,
  type Backend,
  type DataSource,
  type Reporter,
  type StepEvent,
  type TrainingCheckpoint,
  type TrainingConfig,
  type Variant,
} from "@qsae/core";
import { fileCheckpointStore, writeFileAtomic } from "@qsae/data";
import { encodePackedSae, QsaeError, type HostTensors, type PackedSae } from "@qsae/runtime";
import { lowerCheckpoint, type VariantCatalog } from "@qsae/variants";
import type { QsaeConfig } from "../config/define-config.ts";
import { writeJson } from "../files/write-json.ts";
import { jsonlReporter } from "../reporters/jsonl-reporter.ts";
import { terminalReporter } from "../reporters/terminal-reporter.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { runFiles } from "./run-files.ts";

export interface RunOptions {
  readonly folder: string;
  readonly label: string;
  readonly backend: Backend;
  readonly variant: Variant;
  readonly source: DataSource;
  readonly training: TrainingConfig;
  readonly catalog: VariantCatalog;
  /** Where the data and the starting point came from, for the stored configuration. */
  readonly origin: Pick<QsaeConfig, "data" | "tensor" | "from">;
  readonly resume?: TrainingCheckpoint;
  readonly warmStart?: HostTensors;
  readonly provenance?: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Called with the packed form before it is written, e.g. to evaluate it. The result is stored in the file. */
  readonly measure?: (packed: {
    readonly packed: PackedSae;
    readonly bytes: number;
  }) => Promise<Readonly<Record<string, number>>>;
}

export interface FinishedRun {
  readonly packed: PackedSae;
  /** Size of the packed file. */
  readonly bytes: number;
  readonly steps: number;
  /** The last step; absent when the run was finished already. */
  readonly last?: StepEvent;
  /** Training tokens per second of this call, checkpoints included. */
  readonly tokensPerSecond?: number;
  readonly elapsedMs: number;
}

/**
 * @throws whatever aborted `signal`, after the checkpoint of the last whole step is written
 * @throws UsageError, NonFiniteError as `train` does
 */
export async function runTraining(options: RunOptions): Promise<FinishedRun> {
  const { folder, backend, variant, source, training, catalog, resume, warmStart, provenance, terminal, signal } =
    options;
  const files = runFiles(folder);
  await makeFolder(folder);
  // What is left of an earlier state or run must not pass for this one's.
  for (const stale of resume ? [files.packed] : [files.packed, files.checkpoint]) await rm(stale, { force: true });
  await writeJson(files.config, storedConfig(options));

  const bar = terminalReporter(terminal, { label: options.label, tokensPerStep: tokensPerStep(training) });
  const recorder = lastStep();
  const startedMs = performance.now();
  const result = await train({
    backend,
    variant,
    source,
    training,
    store: fileCheckpointStore(folder),
    reporters: [bar, recorder, jsonlReporter(files.metrics)],
    signal,
    ...(resume ? { resume } : {}),
    ...(warmStart ? { warmStart } : {}),
    ...(provenance ? { provenance } : {}),
  }).finally(bar.close);
  const elapsedMs = performance.now() - startedMs;
  if (result.reason === "aborted") {
    terminal.note(
      `${folder}: stopped after step ${result.step}, checkpoint written; go on with: qsae train --resume --out ${folder}`,
    );
    signal.throwIfAborted();
  }

  const lowered = await lowerCheckpoint(backend.ops, result.checkpoint, catalog);
  const metrics = await options.measure?.({ packed: lowered, bytes: encodePackedSae(lowered).length });
  const packed = metrics ? { ...lowered, description: { ...lowered.description, metrics } } : lowered;
  const file = encodePackedSae(packed);
  await writeFileAtomic(files.packed, file);
  const stepsNow = result.step - (resume?.step ?? 0);
  return {
    packed,
    bytes: file.length,
    steps: result.step,
    elapsedMs,
    ...(recorder.last ? { last: recorder.last } : {}),
    ...(stepsNow > 0 ? { tokensPerSecond: (1000 * stepsNow * tokensPerStep(training)) / elapsedMs } : {}),
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new QsaeError(`${folder}: cannot make this folder: ${(error as Error).message}`, { cause: error });
  }
}

/** The run as a configuration that `--config` takes; paths are relative to its folder. */
function storedConfig({ folder, origin, variant, training, backend }: RunOptions): QsaeConfig {
  const from = (path: string): string => relative(resolve(folder), resolve(path));
  return {
    ...(origin.data !== undefined && { data: from(origin.data) }),
    ...(origin.tensor !== undefined && { tensor: origin.tensor }),
    ...(origin.from !== undefined && { from: from(origin.from) }),
    variant: { id: variant.id, ...variant.config },
    training,
    backend: backend.name,
  };
}

function lastStep(): Reporter & { readonly last: StepEvent | undefined } {
  let last: StepEvent | undefined;
  return {
    onStep: (event) => {
      last = event;
    },
    get last() {
      return last;
    },
  };
}
