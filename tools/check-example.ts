/** Runs the commands of an example's README where the packed packages are installed. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { run } from "./run.ts";

/** What the README begins with; done already, with the tarballs in place of the registry's packages. */
const INSTALL = "npm install";

/**
 * Runs every line of the first ` ```sh ` block of the folder's README.
 *
 * @param folder a copy of the example, its dependencies installed in it or above it
 * @returns what failed, with its output
 */
export const checkExample = async (folder: string): Promise<readonly string[]> => {
  const readme = await readFile(join(folder, "README.md"), "utf8");
  const [, block = ""] = /^```sh\n(.*?)^```$/ms.exec(readme) ?? [];
  const [install, ...commands] = block.trim().split("\n");
  if (install !== INSTALL || commands.length === 0) {
    return [`${folder}/README.md: expected a sh block that begins with '${INSTALL}' and goes on with commands`];
  }
  for (const command of commands) {
    // As a shell would: no npx of another folder, and no download where a command is missing.
    const { status, output } = await run("sh", ["-c", command], { cwd: folder, env: { npm_config_yes: "false" } });
    if (status !== 0) return [`${basename(folder)}: ${command}\nended with ${status}:\n${output}`];
    console.log(`${basename(folder)}: ${command}: ok`);
  }
  return [];
};
