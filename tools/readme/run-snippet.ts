import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { root } from "../root.ts";
import { runBin, type Ended } from "../run.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";

/** A temporary folder where packages are found and `examples/` is the repository's. */
export const inSnippetFolder = <T>(work: (folder: string) => Promise<T>): Promise<T> =>
  withTemporaryFolder(async (folder) => {
    for (const name of ["node_modules", "examples"]) await symlink(join(root, name), join(folder, name), "junction");
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    return work(folder);
  });

/**
 * Runs `code` as an ES module against the packages' sources, in a temporary folder where `examples/` is the repository's.
 * What it writes is thrown away with the folder.
 */
export const runSnippet = (code: string): Promise<Ended> =>
  inSnippetFolder(async (folder) => {
    await writeFile(join(folder, "snippet.ts"), code);
    return runBin("tsx", ["--conditions=@qsae/source", "snippet.ts"], { cwd: folder });
  });
