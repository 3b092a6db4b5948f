/** `qsae compare`: SAEs side by side on the same data, with what changes from the first to each of the others. */
import { resolve } from "node:path";
import { UsageError } from "@qsae/runtime";
import { analysisJson } from "../analyses/analysis-json.ts";
import { analyzeOpened } from "../analyses/analyze-opened.ts";
import { printAnalyses } from "../analyses/print-analyses.ts";
import { requirePageName, writeReport } from "../analyses/report-files.ts";
import { trainingCurves } from "../analyses/training-curves.ts";
import { catalogOf } from "../catalog.ts";
import type { CompareFlags } from "../commands/compare.ts";
import { differences, differencesTable } from "../comparison/differences.ts";
import { loadConfig } from "../config/load-config.ts";
import { openSaes } from "../files/open-saes.ts";
import type { OpenedSae } from "../open-sae.ts";
import { renderTable } from "../terminal/table.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function compare(paths: readonly string[], flags: CompareFlags): Promise<void> {
  if (paths.length < 2) {
    throw new UsageError(
      `compare: only ${paths.join(" ")} is given; give two or more SAEs: qsae compare FIRST OTHER... --data FILE`,
    );
  }
  const { out } = flags;
  if (out !== undefined) requirePageName(out);
  const terminal = openTerminal(flags);
  const config = await loadConfig(flags.config);
  const opened = await openSaes(paths, catalogOf(config));
  requireOneWidth(opened);
  const job = { command: "compare", flags, config, saes: opened, reference: opened[0]!, rounds: false, terminal };
  const { saes, provenance } = await analyzeOpened(job);

  const names = opened.map(({ name }) => name);
  const title = flags.title ?? names.join(" / ");
  const input = { title, createdAt: new Date(), provenance, saes, runs: await trainingCurves(opened) };
  const written = await writeReport(flags, input);
  printAnalyses(terminal, saes);
  const [first, ...others] = saes;
  terminal.print(renderTable(differencesTable(first!, others), { width: terminal.columns, colors: terminal.colors }));
  if (written.length > 0) terminal.print(`\nwrote ${written.join(", ")}`);
  terminal.result({
    ...(out !== undefined && { out: resolve(out) }),
    saes: saes.map((sae, i) => ({
      sae: paths[i],
      ...analysisJson(sae),
      ...(i > 0 && { against_first: differences(first!, sae) }),
    })),
  });
}

/** @throws UsageError naming two that read different activations */
function requireOneWidth([first, ...others]: readonly OpenedSae[]): void {
  const other = others.find(({ packed }) => packed.dIn !== first!.packed.dIn);
  if (other === undefined) return;
  throw new UsageError(
    `compare: ${first!.name} reads activations of width d_in=${first!.packed.dIn}, ${other.name} of d_in=${other.packed.dIn}; ` +
      "compare SAEs of the same activations",
  );
}
