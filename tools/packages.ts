/** The published packages, read from their manifests: the checks hold no list of their own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "./root.ts";

/** What the checks need of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One package of the workspace. */
export interface WorkspacePackage {
  /** Name of its folder under packages/, which is its npm name without the scope. */
  readonly folder: string;
  /** Absolute path of that folder. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** Every package under packages/ that npm will get, in alphabetical order. */
export const publishedPackages = (): readonly WorkspacePackage[] =>
  readdirSync(join(root, "packages"))
    // A folder can outlive its package: git leaves the ignored node_modules/ and dist/ behind.
    .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
    .map((folder) => {
      const path = join(root, "packages", folder);
      return { folder, path, manifest: JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
