/** Trains and evaluates one cell. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openBackend, type Backend, type Reporter, type SaeCheckpoint } from "@qsae/core";
import { UsageError, type HostTensors } from "@qsae/runtime";
import type { Cell, MatchL0, Measured, Results, StoredCell } from "./cell.ts";
import { hashOf, trainingOf, variantOf } from "./cell-key.ts";
import { l0Matches } from "./claims.ts";
import type { Sources } from "./data.ts";
import { evaluateCheckpoint, type HeldoutFigures } from "./evaluate.ts";
import { nearestTry, nextValue, type Try } from "./match-l0.ts";
import { progressReporter, say } from "./progress.ts";
import { measureTorch } from "./torch-peer.ts";
import { finishRun, type FinishedRun } from "./train-run.ts";

export interface MeasureContext {
  /** All cells there are. */
  readonly cells: readonly Cell[];
  readonly keys: ReadonlyMap<string, string>;
  /** Measured so far: those that this one is matched to are among them. */
  readonly results: Results;
  readonly sources: Sources;
  /** Holds checkpoints; may be removed between runs. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Begins every line of progress. */
  readonly label: string;
}

export async function measureCell(cell: Cell, context: MeasureContext): Promise<StoredCell> {
  const backend = await openBackend("wasm");
  try {
    return cell.trainer === "pytorch"
      ? await measureTorch(cell, { ...context, backend, key: context.keys.get(cell.id)! })
      : await measureOurs(cell, context, backend);
  } finally {
    await backend.close();
  }
}

async function measureOurs(cell: Cell, context: MeasureContext, backend: Backend): Promise<StoredCell> {
  const { sources, signal, label } = context;
  const warm = cell.warmStartFrom === undefined ? undefined : await warmStartOf(cell.warmStartFrom, context, backend);
  const attempt = async (matched: Readonly<Record<string, number>>): Promise<Attempt> => {
    const setting = Object.entries(matched).map(([key, value]) => ` ${key}=${Number(value.toPrecision(4))}`);
    const run = await runOf(cell, matched, context, backend, progressReporter(label + setting.join("")), warm?.tensors);
    return { run, matched, figures: await evaluateCheckpoint(backend.ops, run.checkpoint, sources.heldout, signal) };
  };
  const { best, runs } = cell.matchL0
    ? await matching(cell.matchL0, context, attempt)
    : { best: await attempt({}), runs: undefined };
  const measured: Measured = {
    ...best.figures,
    dead_in_training: best.run.dead,
    steps: best.run.steps,
    seconds: best.run.seconds,
    ...(warm ? { warm_start_steps: warm.steps } : {}),
    ...(runs === undefined ? {} : { matching_runs: runs }),
  };
  return {
    key: context.keys.get(cell.id)!,
    variant: cell.variant,
    config: variantOf(cell, best.matched).config,
    training: trainingOf(cell),
    made_with: `node ${process.versions.node}, backend ${backend.name}`,
    measured,
  };
}

interface Attempt {
  readonly run: FinishedRun;
  readonly matched: Readonly<Record<string, number>>;
  readonly figures: HeldoutFigures;
}

/** Runs until L0 is that of the other cell, or is not going to be. */
async function matching(
  match: MatchL0,
  { results, label }: MeasureContext,
  attempt: (matched: Readonly<Record<string, number>>) => Promise<Attempt>,
): Promise<{ readonly best: Attempt; readonly runs: number }> {
  const target = results.get(match.to)!.measured.l0;
  const tries: (Try & { readonly attempt: Attempt })[] = [];
  for (let value = nextValue(match, target, tries); value !== undefined; value = nextValue(match, target, tries)) {
    const made = await attempt({ [match.key]: value });
    tries.push({ value, l0: made.figures.l0, attempt: made });
  }
  const { l0, attempt: best } = nearestTry(tries, target);
  say(
    `${label}  L0 ${l0.toFixed(2)} for ${target.toFixed(2)} of ${match.to}: ${l0Matches(l0, target) ? "PASS" : "FAIL"}`,
  );
  return { best, runs: tries.length };
}

/** Trained parameters of another cell, from its checkpoint or trained again where that is gone. */
async function warmStartOf(
  id: string,
  context: MeasureContext,
  backend: Backend,
): Promise<{ readonly tensors: HostTensors; readonly steps: number }> {
  const cell = context.cells.find((one) => one.id === id)!;
  if (cell.trainer !== "qsae" || cell.matchL0 || cell.warmStartFrom !== undefined) {
    throw new UsageError(`cell ${id}: another one starts from it, so it must be a plain run of this project's`);
  }
  const { checkpoint, steps } = await runOf(cell, {}, context, backend, progressReporter(`${context.label} (${id})`));
  return { tensors: checkpoint.tensors, steps };
}

function runOf(
  cell: Cell,
  matched: Readonly<Record<string, number>>,
  { keys, cacheFolder, sources, signal }: MeasureContext,
  backend: Backend,
  reporter: Reporter,
  warmStart?: SaeCheckpoint["tensors"],
): Promise<FinishedRun> {
  return finishRun({
    folder: join(folderOf(cell.id, keys, cacheFolder), hashOf(matched)),
    backend,
    variant: variantOf(cell, matched),
    training: trainingOf(cell),
    source: sources.train,
    reporter,
    signal,
    ...(warmStart ? { warmStart } : {}),
  });
}

const folderOf = (id: string, keys: ReadonlyMap<string, string>, cacheFolder: string): string =>
  join(cacheFolder, `${id.replaceAll("/", "-")}-${keys.get(id)!}`);

/** Removes a cell's checkpoints. */
export async function forgetCell(
  id: string,
  { keys, cacheFolder }: Pick<MeasureContext, "keys" | "cacheFolder">,
): Promise<void> {
  await rm(folderOf(id, keys, cacheFolder), { recursive: true, force: true });
}
