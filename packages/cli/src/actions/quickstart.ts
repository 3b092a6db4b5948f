/**
 * `qsae quickstart`: the whole way, offline, on a real language model. Harvest, train a float and a ternary SAE, pack,
 * evaluate with the weights as they are stored, compare with naive rounding, report.
 */
import { basename, join, resolve } from "node:path";
import { renderReport, reportSae } from "@qsae/analysis";
import { openBackend, type BackendName } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import type { QuickstartFlags } from "../commands/quickstart.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluationTable } from "../evaluation/evaluation-table.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import { findModel, type QuickstartModel } from "../quickstart/find-model.ts";
import { harvested, type Harvested } from "../quickstart/harvested.ts";
import { quickstartRecipe, type Recipe } from "../quickstart/recipe.ts";
import { trainPair, type MeasuredSae } from "../quickstart/train-pair.ts";
import { readSteps } from "../reporters/read-steps.ts";
import { runFiles } from "../runs/run-files.ts";
import { bytes, clock, count, fvu } from "../terminal/format.ts";
import { renderTable } from "../terminal/table.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";

/** Marks a folder as one that quickstart may write to again. */
const RESULTS = "quickstart.json";

export async function quickstart(flags: QuickstartFlags, recipe: Recipe = quickstartRecipe): Promise<void> {
  const terminal = openTerminal(flags);
  const startedMs = performance.now();
  const model = await findModel(flags.modelDir);
  await claimFolder(flags.out);
  const outcome = await interruptible("stopping after this step", (signal) =>
    run({ flags, recipe, model, terminal, signal }),
  );
  const elapsedMs = performance.now() - startedMs;

  const results = resultsOf(outcome, elapsedMs);
  await writeJson(join(flags.out, RESULTS), results);
  await writeFileAtomic(outcome.report, new TextEncoder().encode(await reportOf(outcome, { model, recipe })));
  terminal.print(summaryText(flags.out, outcome, elapsedMs, terminal));
  terminal.result({ out: resolve(flags.out), ...results });
}

interface Outcome {
  readonly saes: readonly MeasuredSae[];
  readonly train: Harvested;
  readonly heldout: Harvested;
  readonly trainTokens: number;
  readonly report: string;
}

interface RunContext {
  readonly flags: QuickstartFlags;
  readonly recipe: Recipe;
  readonly model: QuickstartModel;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function run({ flags, recipe, model, terminal, signal }: RunContext): Promise<Outcome> {
  const backend = await openBackend(flags.backend as BackendName);
  const common = { recipe, activationsFolder: join(flags.out, "activations"), terminal, signal };
  terminal.note(
    `${basename(model.folder)}, residual stream after ${recipe.hook}; backend ${backend.name}: ${backend.description}`,
  );
  const train = await harvested(
    model,
    { name: "train", textPath: model.trainText, tokens: recipe.trainTokens },
    common,
  );
  const heldout = await harvested(
    model,
    { name: "heldout", textPath: model.heldoutText, tokens: recipe.heldoutTokens },
    common,
  );
  try {
    const saes = await trainPair({
      recipe,
      folder: flags.out,
      backend,
      train,
      heldout: heldout.source,
      terminal,
      signal,
    });
    return { saes, train, heldout, trainTokens: train.source.tokens, report: join(flags.out, "report.html") };
  } finally {
    await Promise.all([train.source.close(), heldout.source.close(), backend.close()]);
  }
}

/** @throws UsageError if the folder holds runs that are not quickstart's */
async function claimFolder(folder: string): Promise<void> {
  const marker = join(folder, RESULTS);
  if ((await kindOfPath(marker)) === "file") return;
  for (const name of ["float", "ternary"]) {
    if ((await kindOfPath(join(folder, name))) !== undefined) {
      throw new UsageError(`${join(folder, name)} is not from quickstart and would be replaced; give another --out`);
    }
  }
  await writeJson(marker, {});
}

function resultsOf({ saes, train, heldout, trainTokens, report }: Outcome, elapsedMs: number): Record<string, unknown> {
  return {
    saes: saes.map(({ name, path, summary, trainingTokensPerSecond: rate }) => ({
      name,
      path,
      ...summary,
      ...(rate === undefined ? {} : { training_tokens_per_second: rate }),
    })),
    train_tokens: trainTokens,
    heldout_tokens: heldout.source.tokens,
    reused_activations: train.reused && heldout.reused,
    elapsed_ms: elapsedMs,
    report,
  };
}

async function reportOf(
  { saes, trainTokens, heldout }: Outcome,
  { model, recipe }: Pick<RunContext, "model" | "recipe">,
): Promise<string> {
  const reference = saes[0]!.packed;
  const runs = [];
  for (const { name, run: runFolder } of saes) {
    if (runFolder !== undefined) runs.push({ name, steps: await readSteps(runFiles(runFolder).metrics) });
  }
  return renderReport({
    title: "QSAE quickstart: a ternary SAE of a small language model",
    createdAt: new Date(),
    provenance: {
      command: "qsae quickstart",
      model: basename(model.folder),
      hook: recipe.hook,
      "training tokens": count(trainTokens),
      "held-out tokens": `${count(heldout.source.tokens)}, of text that neither the model nor the SAEs were trained on`,
    },
    saes: saes.map(({ name, packed, evaluation, bytes: fileBytes }) =>
      reportSae({ name, packed, evaluation, fileBytes, ...(packed === reference ? {} : { reference }) }),
    ),
    runs,
  });
}

function summaryText(
  folder: string,
  { saes, report, heldout, trainTokens }: Outcome,
  elapsedMs: number,
  terminal: Terminal,
): string {
  const [float, naive, ternary] = saes as [MeasuredSae, MeasuredSae, MeasuredSae];
  const table = evaluationTable(saes);
  return [
    "",
    renderTable(table, { width: terminal.columns, colors: terminal.colors }),
    "",
    `Measured with the stored weights on ${count(heldout.source.tokens)} held-out tokens; trained on ${count(trainTokens)}.`,
    `Trained ternary: FVU ${fvu(ternary.summary.fvu)}, against ${fvu(naive.summary.fvu)} by rounding the float SAE (${fvu(float.summary.fvu)}).`,
    "The ternary one starts from the float one's weights, which beats starting from scratch with as many steps.",
    "Bits per weight: of the quantized matrices; the rest of a file is float. Tokens per second: encode and decode.",
    "",
    `Wrote to ${folder}, in ${clock(elapsedMs / 1000)}:`,
    ...saes.map(({ path, bytes: size }) => `  ${path}  ${bytes(size)}`),
    ...saes.flatMap(({ run: runFolder }) =>
      runFolder === undefined ? [] : [`  ${runFiles(runFolder).metrics}`, `  ${runFiles(runFolder).checkpoint}`],
    ),
    `  ${report}  <- open this one in a browser`,
  ].join("\n");
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}
