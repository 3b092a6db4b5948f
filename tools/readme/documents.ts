import { existsSync, readdirSync } from "node:fs";

import { root } from "../root.ts";

/** Folders whose Markdown holds no promise of ours: generated, installed, or written by tools. */
const passedOver = /(^|\/)(node_modules|dist|docs\/api|\.changeset|\.git|\.nx)\/|CHANGELOG\.md$/;

/** Folders that may hold documents, beside the root itself. */
const folders = ["docs", "packages", "examples", "benchmarks", "apps"];

/** Every Markdown document of the repository, as paths from its root. */
export const documents = (): readonly string[] => {
  const nested = folders
    .filter((folder) => existsSync(root + folder))
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map((p) => `${folder}/${p}`),
    );
  return [...readdirSync(root), ...nested]
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".md") && !passedOver.test(path))
    .sort();
};
