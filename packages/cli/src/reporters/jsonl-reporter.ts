/** Training steps to a file, one JSON object per line. */
import { appendFile } from "node:fs/promises";
import type { Reporter } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { stepLine } from "./step-record.ts";
import { readSteps } from "./read-steps.ts";

/**
 * Appends every step to `path`. A resumed run keeps the steps up to where it goes on and drops later ones: they were done
 * after the last checkpoint and will be done again.
 */
export function jsonlReporter(path: string): Reporter {
  return {
    onStart: async ({ startStep }) => {
      const kept = startStep > 0 ? (await readSteps(path)).filter(({ step }) => step <= startStep) : [];
      await writeFileAtomic(path, new TextEncoder().encode(kept.map(stepLine).join("")));
    },
    onStep: (event) => appendFile(path, stepLine(event)),
  };
}
