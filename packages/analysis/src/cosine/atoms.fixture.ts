/** Dictionaries for tests, from plain rows. */
import type { AtomSource } from "./unit-atoms.ts";

export function dictionary(rows: readonly (readonly number[])[]): AtomSource {
  return { dIn: rows[0]!.length, dSae: rows.length, atom: (j) => Float32Array.from(rows[j]!) };
}
