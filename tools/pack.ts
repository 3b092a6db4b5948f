/** Packs the workspace's packages into tarballs, as a release would. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { publishedPackages, type WorkspacePackage } from "./packages.ts";
import { root } from "./root.ts";
import { run } from "./run.ts";

/** A package and the tarball made of it. */
export interface PackedPackage extends WorkspacePackage {
  /** Absolute path of the .tgz. */
  readonly tarball: string;
}

const packageManager = (): string =>
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string }).packageManager;

/**
 * Packs every published package into `folder`. It is pnpm that packs: `npm pack` neither resolves `workspace:` ranges
 * nor applies `publishConfig`.
 *
 * @throws Error with pnpm's output when a package does not pack
 */
export const packAll = async (folder: string): Promise<readonly PackedPackage[]> => {
  const packages = publishedPackages();
  const filters = packages.map(({ manifest }) => `--filter=${manifest.name}`);
  const { status, output } = await run("npx", [
    "--yes",
    packageManager(),
    ...filters,
    "pack",
    "--pack-destination",
    folder,
  ]);
  if (status !== 0) throw new Error(`pnpm pack failed with status ${status}\n${output}`);
  return packages.map((workspacePackage) => {
    const { name, version } = workspacePackage.manifest;
    return { ...workspacePackage, tarball: join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`) };
  });
};
