import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A folder for the tests of one file; `at` gives paths in it. */
export function temporaryFolder(): { at(...path: readonly string[]): string } {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "qsae-cli-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return { at: (...path) => join(folder, ...path) };
}
