/** What a run's folder holds before the run begins. */
import type { TrainingCheckpoint } from "@qsae/core";
import { readCheckpoint } from "@qsae/data";
import { FormatError, UsageError } from "@qsae/runtime";
import type { TrainFlags } from "../commands/train.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import { runFiles } from "./run-files.ts";

export interface StoredRun {
  readonly config: QsaeConfig;
  readonly checkpoint?: TrainingCheckpoint;
}

/**
 * What is in the folder already: with `--resume` the run to go on with, else nothing or an error.
 *
 * @throws UsageError if there is a run and neither --resume nor --overwrite
 * @throws FormatError if there is none and --resume
 */
export async function storedRun(
  folder: string,
  { resume, overwrite }: Pick<TrainFlags, "resume" | "overwrite">,
): Promise<StoredRun | undefined> {
  if (resume && overwrite)
    throw new UsageError("train: --resume and --overwrite contradict each other; give one of them");
  const files = runFiles(folder);
  const [hasCheckpoint, hasPacked, hasConfig] = await Promise.all(
    [files.checkpoint, files.packed, files.config].map(async (path) => (await kindOfPath(path)) === "file"),
  );
  if (!resume) {
    // A configuration alone is of a run that failed before its first checkpoint: nothing is lost.
    if ((hasCheckpoint || hasPacked) && !overwrite) {
      throw new UsageError(
        `${folder} holds a run already; give --resume to go on with it, --overwrite to replace it, or another --out`,
      );
    }
    return undefined;
  }
  if (!hasCheckpoint && !hasConfig)
    throw new FormatError(
      folder,
      "no run to resume; expected what qsae train writes (config.json, checkpoint.safetensors)",
    );
  const config = hasConfig ? await loadConfig(files.config) : {};
  return hasCheckpoint ? { config, checkpoint: await readCheckpoint(folder) } : { config };
}
