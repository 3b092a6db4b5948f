import { kindOfPath } from "../files/kind-of-path.ts";
import { readSteps } from "../reporters/read-steps.ts";
import { runFiles } from "../runs/run-files.ts";
import { count, fvu } from "../terminal/format.ts";
import { inspectCheckpoint } from "./inspect-checkpoint.ts";
import { inspectPacked } from "./inspect-packed.ts";
import type { Inspection } from "./inspection.ts";

/** A run's folder: how far it is, and its packed SAE or else its checkpoint. */
export async function inspectRun(folder: string): Promise<Inspection> {
  const files = runFiles(folder);
  const finished = (await kindOfPath(files.packed)) === "file";
  const sae = finished ? await inspectPacked(files.packed) : await inspectCheckpoint(files.checkpoint);
  const last = (await readSteps(files.metrics)).at(-1);
  return {
    json: {
      kind: "run",
      path: folder,
      finished,
      ...(last ? { step: last.step, total_steps: last.totalSteps, batch_fvu: last.batchFvu } : {}),
      sae: sae.json,
    },
    headline: last
      ? `training run, ${finished ? "finished" : "not finished"}: step ${count(last.step)} of ${count(last.totalSteps)}, last batch FVU ${fvu(last.batchFvu)}`
      : `training run, ${finished ? "finished" : "not finished"}`,
    facts: [["SAE", sae.headline], ...sae.facts],
    tables: sae.tables,
  };
}
