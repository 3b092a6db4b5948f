import { basename } from "node:path";
import { renderReport, type ReportRun } from "@qsae/analysis";
import { readSteps } from "../reporters/read-steps.ts";
import { runFiles } from "../runs/run-files.ts";
import { count } from "../terminal/format.ts";
import type { Outcome } from "./outcome.ts";

/** The report of a quickstart: the table, training curves, and each SAE from all sides, against the float one too. */
export async function reportPage({
  saes,
  analyses,
  model,
  recipe,
  trainTokens,
  heldoutTokens,
}: Outcome): Promise<string> {
  const runs: ReportRun[] = [];
  for (const { name, run } of saes) {
    if (run !== undefined) runs.push({ name, steps: await readSteps(runFiles(run).metrics) });
  }
  return renderReport({
    title: "QSAE quickstart: a ternary SAE of a small language model",
    createdAt: new Date(),
    provenance: {
      command: "qsae quickstart",
      model: basename(model.folder),
      hook: recipe.hook,
      "training tokens": `${count(trainTokens)} of ${basename(model.trainText)}`,
      "held-out tokens": `${count(heldoutTokens)} of ${basename(model.heldoutText)}`,
    },
    saes: analyses,
    runs,
  });
}
