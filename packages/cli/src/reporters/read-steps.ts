import { readFile } from "node:fs/promises";
import type { StepEvent } from "@qsae/core";
import { kindOfPath } from "../files/kind-of-path.ts";
import { parseStepLines } from "./step-record.ts";

/** Step events of a metrics file; none where there is no file. @throws FormatError naming a line that is none */
export async function readSteps(path: string): Promise<readonly StepEvent[]> {
  return (await kindOfPath(path)) === "file" ? parseStepLines(await readFile(path, "utf8"), path) : [];
}
