import type { TableData } from "../terminal/table.ts";

/** What a file or folder is: for programs, and for people. */
export interface Inspection {
  readonly json: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** One line: what it is. */
  readonly headline: string;
  /** Facts as label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly tables: readonly TableData[];
}

/** Facts of a flat record, e.g. provenance. */
export function factsOf(record: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  return Object.entries(record).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
}
