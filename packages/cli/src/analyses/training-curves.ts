import type { ReportRun } from "@qsae/analysis";
import type { OpenedSae } from "../open-sae.ts";
import { readSteps } from "../reporters/read-steps.ts";
import { runFiles } from "../runs/run-files.ts";

/** Those of the SAEs that are training runs, under their names. @throws FormatError naming a line of a record that is none */
export async function trainingCurves(opened: readonly OpenedSae[]): Promise<readonly ReportRun[]> {
  const runs: ReportRun[] = [];
  for (const { name, runFolder } of opened) {
    const steps = runFolder === undefined ? [] : await readSteps(runFiles(runFolder).metrics);
    if (steps.length > 0) runs.push({ name, steps });
  }
  return runs;
}
