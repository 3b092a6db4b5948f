/** Real data that is too large to ship; tests that need it skip, loudly, where it is absent. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));

/** Path of a shared data file, or undefined (with a warning) where there is none. */
export function sharedData(...path: readonly string[]): string | undefined {
  const file = join(root, ...path);
  if (existsSync(file)) return file;
  console.warn(`SKIPPED: ${file} is absent; set QSAE_DATA to the folder of the shared data`);
  return undefined;
}
