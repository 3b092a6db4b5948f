/**
 * `pnpm bench variants [--json] [--cells a,b] [--list] [--table] [--out FILE] [--again] [--steps N]`: measures every cell of
 * cells.ts that is not in the results yet, one at a time; interrupted, the next call goes on. `--steps` is for trying it out:
 * the results of such short runs go to a file of their own.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "@qsae/data";
import { QsaeError, UsageError } from "@qsae/runtime";
import type { Cell } from "./cell.ts";
import { cellKeys } from "./cell-key.ts";
import { cells as allCells, claims } from "./cells.ts";
import { checkClaims, type Check } from "./claims.ts";
import { withSources } from "./data.ts";
import { forgetCell, measureCell } from "./measure-cell.ts";
import { currentResults, namedCells, stateOf, withPrerequisites } from "./plan.ts";
import { say } from "./progress.ts";
import { readResults, removeResults, writeResult } from "./results-file.ts";
import { variantsPage } from "./table.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Ignored by git. */
const CACHE_FOLDER = here("../../runs/bench-variants");

interface Options {
  readonly cells?: string;
  readonly steps?: string;
  readonly out?: string;
  readonly json: boolean;
  readonly list: boolean;
  readonly table: boolean;
  readonly again: boolean;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        cells: { type: "string" },
        steps: { type: "string" },
        out: { type: "string" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        table: { type: "boolean", default: false },
        again: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The cells with another number of steps. @throws UsageError if it is none */
function shortened(cells: readonly Cell[], steps: string | undefined): readonly Cell[] {
  if (steps === undefined) return cells;
  const count = Number(steps);
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`--steps ${steps}: give a positive whole number`);
  return cells.map((cell) => ({ ...cell, training: { ...cell.training, steps: count } }));
}

async function main(signal: AbortSignal): Promise<void> {
  const options = readOptions();
  const cells = shortened(allCells, options.steps);
  const keys = cellKeys(cells);
  const resultsPath =
    options.out ??
    (options.steps === undefined ? here("results.json") : join(CACHE_FOLDER, `${options.steps}-steps.json`));
  const named = options.cells === undefined ? cells : namedCells(cells, options.cells.split(","));
  if (options.list) {
    const results = await readResults(resultsPath);
    for (const cell of named)
      console.log(`${cell.id.padEnd(34)} ${stateOf(cell.id, keys, results).padEnd(9)}${needsText(cell)}`);
    return;
  }
  if (!options.table) await measure({ cells, named, keys, resultsPath, again: options.again, signal });

  const results = currentResults(keys, await readResults(resultsPath));
  const checks = checkClaims(
    claims,
    cells.map(({ id }) => id),
    results,
  );
  if (options.table) {
    const page = here(
      options.steps === undefined ? "../../docs/variants.md" : `../../runs/bench-variants/${options.steps}-steps.md`,
    );
    await writeFileAtomic(page, new TextEncoder().encode(await variantsPage({ cells, results, checks })));
    say(`wrote ${page}`);
  }
  sayChecks(checks);
  if (options.json) {
    const shown = named.flatMap(({ id }) => (results.has(id) ? [[id, results.get(id)!] as const] : []));
    console.log(JSON.stringify({ cells: Object.fromEntries(shown), checks }));
  }
}

interface Measuring {
  readonly cells: readonly Cell[];
  readonly named: readonly Cell[];
  readonly keys: ReadonlyMap<string, string>;
  readonly resultsPath: string;
  readonly again: boolean;
  readonly signal: AbortSignal;
}

async function measure({ cells, named, keys, resultsPath, again, signal }: Measuring): Promise<void> {
  const cached = { keys, cacheFolder: CACHE_FOLDER };
  if (again) {
    for (const { id } of named) await forgetCell(id, cached);
    await removeResults(
      resultsPath,
      named.map(({ id }) => id),
    );
  }
  const before = await readResults(resultsPath);
  const plan = withPrerequisites(cells, named).filter(({ id }) => stateOf(id, keys, before) !== "measured");
  if (plan.length === 0) return say("every cell is measured");
  await withSources(async (sources) => {
    for (const [i, cell] of plan.entries()) {
      const label = `[${i + 1}/${plan.length}] ${cell.id}`;
      const results = currentResults(keys, await readResults(resultsPath));
      const stored = await measureCell(cell, { ...cached, cells, results, sources, signal, label });
      await writeResult(resultsPath, cell.id, stored);
      // Others may start from its checkpoint.
      if (!cells.some(({ warmStartFrom }) => warmStartFrom === cell.id)) await forgetCell(cell.id, cached);
      const { fvu, l0, dead_in_training: dead, seconds } = stored.measured;
      say(`${label}  FVU ${fvu.toFixed(4)}  L0 ${l0.toFixed(2)}  dead ${dead}  in ${seconds.toFixed(0)} s`);
    }
  });
}

function needsText({ trainer, variant, matchL0, warmStartFrom }: Cell): string {
  return [
    `${trainer} ${variant}`,
    ...(matchL0 ? [`${matchL0.key} for the L0 of ${matchL0.to}`] : []),
    ...(warmStartFrom === undefined ? [] : [`from ${warmStartFrom}`]),
  ].join(", ");
}

function sayChecks(checks: readonly Check[]): void {
  for (const { claim, figures, outcome } of checks) say(`${outcome.padEnd(12)}  ${claim}${figures && `: ${figures}`}`);
}

/** The first Ctrl-C stops after the step at hand and saves; runners pass it on a second time within this. */
const SAME_KEY_PRESS_MS = 400;
const INTERRUPTED = 130;
const controller = new AbortController();
let interruptedMs: number | undefined;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (interruptedMs !== undefined && performance.now() - interruptedMs > SAME_KEY_PRESS_MS) process.exit(INTERRUPTED);
    interruptedMs ??= performance.now();
    controller.abort(new QsaeError("interrupted; the same command goes on from here"));
  });
}
try {
  await main(controller.signal);
  process.exit(0);
} catch (error) {
  if (!(error instanceof QsaeError)) throw error;
  say(error.message);
  process.exit(controller.signal.aborted ? INTERRUPTED : error instanceof UsageError ? 2 : 1);
}
