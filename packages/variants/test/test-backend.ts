import { afterAll } from "vitest";
import { openBackend, type Backend } from "@qsae/core";

/** A backend for the tests of one file, closed after them. */
export async function testBackend(): Promise<Backend> {
  const backend = await openBackend("wasm", { threads: 1 });
  afterAll(() => backend.close());
  return backend;
}
