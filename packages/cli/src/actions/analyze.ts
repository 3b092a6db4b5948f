/** `qsae analyze`: SAEs from all sides, as one HTML report. */
import { resolve } from "node:path";
import { UsageError } from "@qsae/runtime";
import { analysisJson } from "../analyses/analysis-json.ts";
import { analyzeOpened } from "../analyses/analyze-opened.ts";
import { printAnalyses } from "../analyses/print-analyses.ts";
import { defaultPageName, requirePageName, writeReport } from "../analyses/report-files.ts";
import { trainingCurves } from "../analyses/training-curves.ts";
import { catalogOf } from "../catalog.ts";
import type { AnalyzeFlags } from "../commands/analyze.ts";
import { loadConfig } from "../config/load-config.ts";
import { openSaes } from "../files/open-saes.ts";
import { inOurSpelling } from "../files/reference-spelling.ts";
import { openSae } from "../open-sae.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function analyze(given: AnalyzeFlags): Promise<void> {
  const flags = inOurSpelling(given);
  const { sae: paths = [], reference: referencePath } = flags;
  if (paths.length === 0) throw new UsageError("analyze: --sae PATH is missing; see qsae analyze --help");
  if (flags.out !== undefined) requirePageName(flags.out);
  const terminal = openTerminal(flags);
  const config = await loadConfig(flags.config);
  const catalog = catalogOf(config);
  const opened = await openSaes(paths, catalog);
  const names = opened.map(({ name }) => name);
  const reference =
    referencePath === undefined
      ? undefined
      : (opened[paths.indexOf(referencePath)] ?? (await openSae(referencePath, catalog)));
  const { saes, provenance } = await analyzeOpened({
    ...{ command: "analyze", flags, config, saes: opened, rounds: true, terminal },
    ...(reference && { reference }),
  });

  const runs = await trainingCurves(opened);
  const out = flags.out ?? defaultPageName(names);
  const input = { title: flags.title ?? names.join(", "), createdAt: new Date(), provenance, saes, runs };
  const written = await writeReport({ ...flags, out }, input);
  printAnalyses(terminal, saes);
  terminal.print(`wrote ${written.join(", ")}`);
  terminal.result({
    out: resolve(out),
    ...(referencePath !== undefined && { reference: referencePath }),
    saes: saes.map((sae, i) => ({ sae: paths[i], ...analysisJson(sae) })),
    training_curves: runs.map(({ name }) => name),
  });
}
