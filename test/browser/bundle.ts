/** Bundles for browsers as a user's bundler does: nothing is external, chunks are split at dynamic imports. */
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

export interface Bundle {
  /** Text by path, `/page.js`. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of the sources that went in, relative to the repository. */
  readonly inputs: readonly string[];
  /** Imports that were left in the output and lead out of it. */
  readonly unresolved: readonly string[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `entries`: paths relative to this folder, by the name of their output. */
export async function bundleForBrowsers(entries: Readonly<Record<string, string>>): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, `test/browser/${path}`])),
    outdir: "out",
    write: false,
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@qsae/source"],
    metafile: true,
    logLevel: "silent",
  });
  const prefix = `${root}out`;
  return {
    files: new Map(outputFiles.map(({ path, text }) => [path.slice(prefix.length), text])),
    inputs: Object.keys(metafile.inputs),
    unresolved: unresolvedIn(metafile),
  };
}

const unresolvedIn = ({ outputs }: Metafile): readonly string[] =>
  Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
