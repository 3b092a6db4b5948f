/** `qsae analyze`: evaluations and training curves as one HTML report. */
import { resolve } from "node:path";
import { renderReport, type ReportRun, type ReportSae } from "@qsae/analysis";
import { openBackend, type Backend } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import { latentsTable, referenceTable, type AnalyzedSae } from "../analyses/analyses-table.ts";
import { analyzeSae } from "../analyses/analyze-sae.ts";
import { evaluateReference } from "../analyses/reference-analysis.ts";
import { catalogOf } from "../catalog.ts";
import type { AnalyzeFlags } from "../commands/analyze.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluationTable } from "../evaluation/evaluation-table.ts";
import { heldoutFiles } from "../evaluation/heldout-files.ts";
import { openActivationFiles } from "../files/open-activation-files.ts";
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
  const opened: OpenedSae[] = [];
  for (const path of flags.sae) opened.push(await openSae(path, catalog));
  const openedReference = flags.reference === undefined ? undefined : await openSae(flags.reference, catalog);
  const names = distinctNames(opened.map(({ name }) => name));

  const files = heldoutFiles("analyze", flags, config);
  const source = await openActivationFiles(files);
  const saes: ReportSae[] = [];
  const analyses: AnalyzedSae[] = [];
  const runs: ReportRun[] = [];
  let backend: Backend | undefined;
  try {
    await interruptible("stopping; nothing is written", async (signal) => {
      const { ops } = (backend = await openBackend("auto"));
      const reference =
        openedReference && (await evaluateReference(openedReference, source, { terminal, label: "reference", signal }));
      for (const [i, sae] of opened.entries()) {
        const name = names[i]!;
        const { report, analysis } = await analyzeSae(ops, sae, source, reference, { terminal, label: name, signal });
        saes.push(report);
        analyses.push(analysis);
        const steps = sae.runFolder === undefined ? [] : await readSteps(runFiles(sae.runFolder).metrics);
        if (steps.length > 0) runs.push({ name, steps });
      }
    });
  } finally {
    await backend?.close();
    await source.close();
  }

  const page = renderReport({
    title: flags.title ?? names.join(", "),
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
    latentsTable(analyses),
    ...(openedReference ? [referenceTable(analyses)] : []),
  ];
  for (const table of tables) {
    terminal.print(renderTable(table, { width: terminal.columns, colors: terminal.colors }));
  }
  terminal.print(`wrote ${flags.out}`);
  terminal.result({
    out: resolve(flags.out),
    ...(flags.reference !== undefined && { reference: flags.reference }),
    saes: saes.map(({ summary }, i) => ({ sae: flags.sae[i], ...summary, ...analyses[i] })),
    training_curves: runs.map(({ name }) => name),
  });
}

/** Two files of one name get numbers: a report tells its SAEs apart by their names. */
function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
