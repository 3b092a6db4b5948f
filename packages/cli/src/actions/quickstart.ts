/**
 * `qsae quickstart`: the whole way, offline, on a real language model. Harvest, train a float and a ternary SAE, pack,
 * evaluate with the weights as they are stored, compare with naive rounding, report.
 */
import { basename, join, resolve } from "node:path";
import { openBackend, type BackendName } from "@qsae/core";
import { readTokenTexts, writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import { analyzeAll } from "../analyses/analyze-all.ts";
import type { QuickstartFlags } from "../commands/quickstart.ts";
import { interruptible } from "../errors/interrupted.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import { writeJson } from "../files/write-json.ts";
import { findModel, type QuickstartModel } from "../quickstart/find-model.ts";
import { harvested } from "../quickstart/harvested.ts";
import { resultsOf, type Outcome } from "../quickstart/outcome.ts";
import { quickstartRecipe, type Recipe } from "../quickstart/recipe.ts";
import { reportPage } from "../quickstart/report-page.ts";
import { summaryText } from "../quickstart/summary-text.ts";
import { trainPair } from "../quickstart/train-pair.ts";
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
  const report = join(flags.out, "report.html");
  await writeFileAtomic(report, new TextEncoder().encode(await reportPage(outcome)));
  const elapsedMs = performance.now() - startedMs;
  const results = { ...resultsOf(outcome), elapsed_ms: elapsedMs, report };
  await writeJson(join(flags.out, RESULTS), results);
  terminal.print(summaryText(outcome, { folder: flags.out, report, elapsedMs, terminal }));
  terminal.result({ out: resolve(flags.out), ...results });
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

interface RunContext {
  readonly flags: QuickstartFlags;
  readonly recipe: Recipe;
  readonly model: QuickstartModel;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function run({ flags, recipe, model, terminal, signal }: RunContext): Promise<Outcome> {
  const backend = await openBackend(flags.backend as BackendName);
  terminal.note(`model ${basename(model.folder)}, residual stream after ${recipe.hook}`);
  terminal.note(`backend ${backend.name}: ${backend.description}`);
  const context = { recipe, activationsFolder: join(flags.out, "activations"), terminal, signal };
  const wishes = {
    train: { name: "train", textPath: model.trainText, tokens: recipe.trainTokens },
    heldout: { name: "heldout", textPath: model.heldoutText, tokens: recipe.heldoutTokens },
  };
  const train = await harvested(model, wishes.train, context);
  const heldout = await harvested(model, wishes.heldout, context);
  try {
    const pair = { recipe, folder: flags.out, backend, train, heldout: heldout.source, terminal, signal };
    const saes = await trainPair(pair);
    const texts = (await readTokenTexts(heldout.path, model.folder))!;
    const options = { reference: saes[0]!, texts, terminal, signal };
    return {
      model,
      recipe,
      saes,
      analyses: await analyzeAll(backend.ops, saes, heldout.source, options),
      trainTokens: train.source.tokens,
      heldoutTokens: heldout.source.tokens,
      reusedActivations: train.reused && heldout.reused,
    };
  } finally {
    await Promise.all([train.source.close(), heldout.source.close(), backend.close()]);
  }
}
