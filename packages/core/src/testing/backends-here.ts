/** On which backends a conformance suite can run on this machine. */
import { afterAll } from "vitest";
import { openBackend } from "../backends/open-backend.ts";
import type { Backend } from "../contracts/backend.ts";

/**
 * Those of `names` that open here, opened until the file's tests have run: a GPU's kernels take seconds to compile. The others are named in a warning, so that nobody takes what was left out for passed; with
 * `QSAE_REQUIRE_BACKENDS=webgpu` (names with commas between) they are kept, and the suite fails on them.
 *
 * @example
 * describe.each(await backendsHere(["cpu", "wasm", "webgpu"]))("backend %s", (name) => {});
 */
export async function backendsHere<Name extends Backend["name"]>(names: readonly Name[]): Promise<readonly Name[]> {
  const required = requiredBackends();
  const here: Name[] = [];
  for (const name of names) {
    const problem = await whyItDoesNotOpen(name);
    if (problem === undefined || required.includes(name)) here.push(name);
    else console.warn(`SKIPPED on backend ${name}: ${problem} (QSAE_REQUIRE_BACKENDS=${name} makes this a failure)`);
  }
  return here;
}

function requiredBackends(): readonly string[] {
  const { process } = globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } };
  // A page has no process: vitest replaces this very expression there.
  const required = process ? process.env["QSAE_REQUIRE_BACKENDS"] : (import.meta as InPage).env.QSAE_REQUIRE_BACKENDS;
  return (required ?? "").split(",").map((name) => name.trim());
}

interface InPage extends ImportMeta {
  readonly env: { readonly QSAE_REQUIRE_BACKENDS?: string };
}

async function whyItDoesNotOpen(name: Backend["name"]): Promise<string | undefined> {
  try {
    const backend = await openBackend(name);
    afterAll(() => backend.close());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
