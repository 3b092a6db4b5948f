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
  return Object.entries(record).map(([key, value]) => [key, shown(value)]);
}

/** Names and shapes. */
export function tensorTable(shapes: Readonly<Record<string, readonly number[]>>): TableData {
  return {
    columns: ["tensor", "shape"],
    rows: Object.entries(shapes).map(([name, shape]) => [name, `[${shape.join(", ")}]`]),
  };
}

/** Hashes and long fractions in the length that people compare. */
function shown(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}...` : value;
}
