/** `qsae analyze`: evaluations and training curves as one HTML report. */
import { resolve } from "node:path";
import { renderReport, reportSae, type ReportRun, type ReportSae } from "@qsae/analysis";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import { catalogOf } from "../catalog.ts";
import type { AnalyzeFlags } from "../commands/analyze.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluatePacked } from "../evaluation/evaluate-packed.ts";
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
  const names = distinctNames(opened.map(({ name }) => name));

  const files = heldoutFiles("analyze", flags, config);
  const source = await openActivationFiles(files);
  const saes: ReportSae[] = [];
  const runs: ReportRun[] = [];
  try {
    await interruptible("stopping; nothing is written", async (signal) => {
      for (const [i, sae] of opened.entries()) {
        const name = names[i]!;
        const { evaluation } = await evaluatePacked(sae, source, { terminal, label: name, signal });
        saes.push(reportSae({ name, packed: sae.packed, evaluation, fileBytes: sae.bytes }));
        const steps = sae.runFolder === undefined ? [] : await readSteps(runFiles(sae.runFolder).metrics);
        if (steps.length > 0) runs.push({ name, steps });
      }
    });
  } finally {
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
  const table = evaluationTable(saes.map(({ name, summary }) => ({ name, summary: summary! })));
  terminal.print(renderTable(table, { width: terminal.columns, colors: terminal.colors }));
  terminal.print(`wrote ${flags.out}`);
  terminal.result({
    out: resolve(flags.out),
    saes: saes.map(({ name, summary }, i) => ({ name, sae: flags.sae[i], ...summary })),
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
