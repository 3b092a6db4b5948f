import { join } from "node:path";

import type { CheckpointStore, TrainingCheckpoint } from "@qsae/core";
import { FormatError } from "@qsae/runtime";

import { kindOfPath } from "../files/kind-of-path.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { encodeCheckpoint, readCheckpointFile } from "./checkpoint-file.ts";

const CHECKPOINT_FILE = "checkpoint.safetensors";

/**
 * Keeps the last checkpoint of a run in one file, `checkpoint.safetensors` in the run's folder. `save` replaces it
 * atomically: a run killed at any moment leaves the previous checkpoint or the new one, whole. `load` gives undefined
 * where there is none.
 * @throws (from `load`) FormatError if the file is damaged or something else; (from `save`) QsaeError if the system
 * refuses to write
 * @example
 * const store = fileCheckpointStore("runs/ternary");
 * const resumeFrom = await store.load();
 */
export function fileCheckpointStore(dir: string): CheckpointStore {
  const path = join(dir, CHECKPOINT_FILE);
  return {
    save: async (checkpoint) => {
      await writeFileAtomic(path, encodeCheckpoint(checkpoint));
      return path;
    },
    load: async () => ((await kindOfPath(path)) === undefined ? undefined : readCheckpointFile(path)),
  };
}

/**
 * Reads a training checkpoint.
 * @param path the file, or the run's folder
 * @throws FormatError if there is none, or it is damaged or something else
 */
export async function readCheckpoint(path: string): Promise<TrainingCheckpoint> {
  switch (await kindOfPath(path)) {
    case "folder":
      return readCheckpointFile(join(path, CHECKPOINT_FILE));
    case "file":
      return readCheckpointFile(path);
    case undefined:
      throw new FormatError(path, `no such file or folder; expected a training checkpoint or the folder of a run`);
  }
}
