/** `qsae analyze`: evaluations and training curves as one HTML report. */
import { resolve } from "node:path";
import { renderReport, type ReportRun } from "@qsae/analysis";
import { openBackend } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import { analysisJson } from "../analyses/analysis-json.ts";
import { latentsTable, referenceTable } from "../analyses/analyses-table.ts";
import { analyzeAll } from "../analyses/analyze-all.ts";
import { catalogOf } from "../catalog.ts";
import type { AnalyzeFlags } from "../commands/analyze.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluationTable } from "../evaluation/evaluation-table.ts";
import { heldoutFiles } from "../evaluation/heldout-files.ts";
import { openActivationFiles } from "../files/open-activation-files.ts";
import { openSaes } from "../files/open-saes.ts";
import { openSae, type OpenedSae } from "../open-sae.ts";
import { readSteps } from "../reporters/read-steps.ts";
import { runFiles } from "../runs/run-files.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { renderTable } from "../terminal/table.ts";

export async function analyze(flags: AnalyzeFlags): Promise<void> {
  const terminal = openTerminal(flags);
  if (!/\.html?$/i.test(flags.out))
    throw new UsageError(`--out ${flags.out}: the report is a web page; expected a name ending in .html`);
  const config = await loadConfig(flags.config);
  const catalog = catalogOf(config);
  const opened = await openSaes(flags.sae, catalog);
  const reference = await referenceOf(flags, opened, (path) => openSae(path, catalog));
  const files = heldoutFiles("analyze", flags, config);
  const source = await openActivationFiles(files);
  const saes = await interruptible("stopping; nothing is written", async (signal) => {
    const backend = await openBackend("auto");
    try {
      return await analyzeAll(backend.ops, opened, source, { ...(reference && { reference }), terminal, signal });
    } finally {
      await backend.close();
    }
  }).finally(() => source.close());
  const runs = await trainingCurves(opened);

  const page = renderReport({
    title: flags.title ?? opened.map(({ name }) => name).join(", "),
    createdAt: new Date(),
    provenance: {
      data: source.provenance["file"] ?? "",
      rows: source.provenance["rows"] ?? "",
      ...(files.target !== undefined && { target: source.provenance["target_file"] ?? "" }),
    },
    saes,
    runs,
  });
  await writeFileAtomic(flags.out, new TextEncoder().encode(page));
  const tables = [
    evaluationTable(saes.map(({ name, summary }) => ({ name, summary: summary! }))),
    latentsTable(saes),
    ...(saes.some(({ reference: compared }) => compared) ? [referenceTable(saes)] : []),
  ];
  for (const table of tables) {
    terminal.print(renderTable(table, { width: terminal.columns, colors: terminal.colors }));
  }
  terminal.print(`wrote ${flags.out}`);
  terminal.result({
    out: resolve(flags.out),
    ...(flags.reference !== undefined && { reference: flags.reference }),
    saes: saes.map((sae, i) => ({ sae: flags.sae[i], ...analysisJson(sae) })),
    training_curves: runs.map(({ name }) => name),
  });
}

/** One of the SAEs where it is given as that. */
async function referenceOf(
  { sae, reference }: AnalyzeFlags,
  opened: readonly OpenedSae[],
  open: (path: string) => Promise<OpenedSae>,
): Promise<OpenedSae | undefined> {
  if (reference === undefined) return undefined;
  return opened[sae.indexOf(reference)] ?? (await open(reference));
}

async function trainingCurves(opened: readonly OpenedSae[]): Promise<readonly ReportRun[]> {
  const runs: ReportRun[] = [];
  for (const { name, runFolder } of opened) {
    const steps = runFolder === undefined ? [] : await readSteps(runFiles(runFolder).metrics);
    if (steps.length > 0) runs.push({ name, steps });
  }
  return runs;
}
