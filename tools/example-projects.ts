/** The examples that are projects of their own: folders of examples/ with a package.json. The others are data they read. */
import { existsSync, readdirSync } from "node:fs";
import { cp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { root } from "./root.ts";

const examples = join(root, "examples");

/**
 * Copies the projects into `folder`, beside links to what they read, as in the repository. They become npm workspaces of
 * `folder`, so that one installation there serves all of them, with the dependencies that each names itself: vitest, which
 * `@qsae/core/testing` is written against, is one.
 *
 * @returns absolute paths of the copies
 */
export const copyExampleProjects = async (folder: string): Promise<readonly string[]> => {
  const names = readdirSync(examples);
  const projects = names.filter((name) => existsSync(join(examples, name, "package.json")));
  for (const name of names) {
    if (projects.includes(name)) await cp(join(examples, name), join(folder, name), { recursive: true });
    else await symlink(join(examples, name), join(folder, name), "junction");
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, workspaces: projects }));
  return projects.map((name) => join(folder, name));
};
