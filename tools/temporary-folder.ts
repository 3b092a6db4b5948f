import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `work` with a new folder under the system's temporary one, and removes the folder however `work` ends. */
export const withTemporaryFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  // realpath: macOS reaches its temporary folder through a link, and resolved module paths would not match.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "qsae-")));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
