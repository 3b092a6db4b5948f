/**
 * `@qsae/core` in a folder of its own, where nothing is installed but what a test puts there: how somebody meets it who has
 * installed no optional package, or a broken one.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface CoreInFolder {
  /** Makes `name` resolvable there: a package of one module. Replaces what was there. */
  install(name: string, source: string): Promise<void>;
  uninstallAll(): Promise<void>;
  /**
   * Runs a module in a process of its own and parses what it prints last. `core` is in scope.
   *
   * @throws Error with what it printed if it fails
   */
  run<T>(source: string, env?: Readonly<Record<string, string>>): Promise<T>;
  remove(): Promise<void>;
}

export async function coreInFolder(): Promise<CoreInFolder> {
  const folder = await mkdtemp(join(tmpdir(), "qsae-optional-"));
  await build({
    absWorkingDir: root,
    entryPoints: ["packages/core/src/index.ts"],
    outfile: join(folder, "core.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@qsae/source"],
    // tfjs's own Node build asks for modules of Node by `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  return {
    install: async (name, source) => {
      const at = join(folder, "node_modules", name);
      await mkdir(at, { recursive: true });
      const manifest = { name, version: "0.0.0", type: "module", exports: "./index.js" };
      await writeFile(join(at, "package.json"), JSON.stringify(manifest));
      await writeFile(join(at, "index.js"), source);
    },
    uninstallAll: () => rm(join(folder, "node_modules"), { recursive: true, force: true }),
    run: async <T>(source: string, env: Readonly<Record<string, string>> = {}) => {
      const file = join(folder, "main.mjs");
      await writeFile(file, `import * as core from "./core.mjs";\n${source}`);
      const printed = await output(process.execPath, [file], { ...process.env, ...env });
      return JSON.parse(printed.trim().split("\n").at(-1)!) as T;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const output = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
