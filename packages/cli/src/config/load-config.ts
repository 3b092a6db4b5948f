/** Finds and loads `qsae.config.ts`, `.mts`, `.js`, `.mjs` or `.json`, and checks every key of it. */
import { readFile } from "node:fs/promises";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { FormatError, UsageError } from "@qsae/runtime";
import { kindOfPath } from "../files/kind-of-path.ts";
import { parseConfig } from "./config-schema.ts";
import { defineConfig, type QsaeConfig } from "./define-config.ts";

/** Looked for in the current folder, in this order. */
const NAMES = ["ts", "mts", "js", "mjs", "json"].map((extension) => `qsae.config.${extension}`);

/**
 * @param path from `--config`; undefined: whatever configuration lies in the current folder, or none
 * @throws FormatError if there is no such file or it cannot be loaded, UsageError for keys that are not allowed
 */
export async function loadConfig(path: string | undefined): Promise<QsaeConfig> {
  const file = path === undefined ? await findConfig() : path;
  if (file === undefined) return {};
  if ((await kindOfPath(file)) !== "file") {
    throw new FormatError(file, `no such file; expected a configuration (${NAMES.join(", ")})`);
  }
  const value = extname(file) === ".json" ? await readJsonConfig(file) : await importConfig(file);
  return withPathsFrom(dirname(file), parseConfig(file, value));
}

async function findConfig(): Promise<string | undefined> {
  const found = [];
  for (const name of NAMES) if ((await kindOfPath(name)) === "file") found.push(name);
  if (found.length > 1)
    throw new UsageError(`${found.join(" and ")} lie in one folder; keep one, or choose with --config`);
  return found[0];
}

async function readJsonConfig(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new FormatError(file, `not JSON: ${(error as Error).message}`);
  }
}

/**
 * `@qsae/*` in a configuration means the packages of this command, wherever the configuration lies: it works without an
 * installation beside it, and values are of the same classes.
 */
async function importConfig(file: string): Promise<unknown> {
  const { createJiti } = await import("jiti");
  const [core, quantizers, runtime, variants] = await Promise.all([
    import("@qsae/core"),
    import("@qsae/quantizers"),
    import("@qsae/runtime"),
    import("@qsae/variants"),
  ]);
  const jiti = createJiti(resolve(file), {
    // A configuration is small and changes; a cache folder beside it would only be litter.
    fsCache: false,
    virtualModules: {
      "@qsae/cli": { defineConfig },
      "@qsae/core": core,
      "@qsae/quantizers": quantizers,
      "@qsae/runtime": runtime,
      "@qsae/variants": variants,
    },
  });
  let value: unknown;
  try {
    value = await jiti.import(resolve(file), { default: true });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new FormatError(file, `cannot be loaded: ${(error as Error).message}`);
  }
  if (value === undefined || (value !== null && typeof value === "object" && Object.keys(value).length === 0)) {
    throw new FormatError(file, "exports nothing; write `export default defineConfig({ ... })`");
  }
  return value;
}

function withPathsFrom(folder: string, config: QsaeConfig): QsaeConfig {
  const at = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  return {
    ...config,
    ...(config.data !== undefined && { data: at(config.data) }),
    ...(config.target !== undefined && { target: at(config.target) }),
    ...(config.heldout !== undefined && { heldout: at(config.heldout) }),
    ...(config.heldoutTarget !== undefined && { heldoutTarget: at(config.heldoutTarget) }),
    ...(config.from !== undefined && { from: at(config.from) }),
    ...(config.out !== undefined && { out: at(config.out) }),
  };
}
