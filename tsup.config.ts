import { readFileSync } from "node:fs";

import { defineConfig } from "tsup";

/**
 * One build for every package: `tsup --config ../../tsup.config.ts`, run in the package's folder.
 *
 * The entries are those that package.json publishes: each `@qsae/source` condition under `exports`, and each `bin`.
 */
interface Manifest {
  /** Entries that are plain files, such as JSON, have a path alone: nothing is built for them. */
  readonly exports: Readonly<Record<string, { readonly "@qsae/source": string } | string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;

const sources = [
  ...Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [] : [entry["@qsae/source"]])),
  ...Object.values(manifest.bin ?? {}).map((path) => path.replace("./dist/", "./src/").replace(/\.js$/, ".ts")),
];
// Keys keep the folder, so that src/testing/index.ts becomes dist/testing/index.js as `exports` promises.
const entry = Object.fromEntries(sources.map((path) => [path.replace("./src/", "").replace(/\.ts$/, ""), path]));

export default defineConfig({
  entry,
  tsconfig: "tsconfig.json",
  format: "esm",
  // es2022 is what current browsers and Node 20 share; the packages that run only in Node gain nothing from more.
  target: ["es2022", "node20"],
  platform: "neutral",
  // Node built-ins stay imports under the neutral platform; everything in node_modules is external by default.
  external: [/^node:/],
  clean: true,
  sourcemap: true,
  splitting: true,
  removeNodeProtocol: false,
  silent: true,
  dts: {
    compilerOptions: {
      // tsup sets `baseUrl`, which TypeScript 6 reports as deprecated.
      ignoreDeprecations: "6.0",
      // Declarations are built against the built neighbours, as a user's compiler sees them; nx builds those first.
      customConditions: [],
    },
  },
});
