/**
 * A report as JSON: every number of it, under the names of its fields in snake case.
 *
 * Left out are the contexts of single latents (`latents.contexts`, also of the reference: their tokens, values and texts): they are for the latent
 * browser to show and are mostly text, tens of megabytes for a large SAE, and no figure of the report. `left_out` names them.
 */
import { NonFiniteError, UsageError } from "@qsae/runtime";
import type { ReportInput } from "./report-input.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Fields whose keys are names that somebody gave, and stay as they are. */
const NAMED_BY_OTHERS: ReadonlySet<string> = new Set(["provenance", "gradients"]);

/** Paths that are left out, their indices as `*`. */
const LEFT_OUT: ReadonlySet<string> = new Set(["saes[*].latents.contexts", "saes[*].latents.reference.contexts"]);

/**
 * `input` as a value that `JSON.stringify` takes: fields in snake case (`dIn` is `d_in`), typed arrays as arrays, dates as ISO 8601
 * in UTC, absent where absent. Fields keep the order of the input: nothing else decides it.
 *
 * @throws NonFiniteError naming the field that is NaN or infinite, which JSON cannot say; UsageError for what is neither number,
 * text, list nor plain object, and for an invalid date
 * @example
 * await writeFile("report.json", JSON.stringify(reportJson({ title, createdAt, saes, runs })));
 */
export function reportJson(input: ReportInput): { readonly [key: string]: Json } {
  const leftOut: string[] = [];
  const report = objectJson(input, "", leftOut, true);
  return leftOut.length === 0 ? report : { ...report, left_out: leftOut };
}

function valueJson(value: unknown, path: string, leftOut: string[], ours: boolean): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return finite(value, path);
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return dateJson(value, path);
      if (Array.isArray(value)) return value.map((one: unknown, i) => valueJson(one, `${path}[${i}]`, leftOut, ours));
      if (isNumericArray(value)) return Array.from(value, (one, i) => finite(one, `${path}[${i}]`));
      if (isPlain(value)) return objectJson(value, path, leftOut, ours);
      throw notJson(path, `an object of the class ${value.constructor.name}`);
    default:
      throw notJson(path, value === undefined ? "undefined in a list" : `a ${typeof value}`);
  }
}

/** @param ours whether keys are names of fields, not given by others */
function objectJson(value: object, path: string, leftOut: string[], ours: boolean): { readonly [key: string]: Json } {
  const entries = new Map<string, Json>();
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const name = ours ? snakeCase(key) : key;
    const at = path === "" ? name : `${path}.${name}`;
    if (LEFT_OUT.has(at.replace(/\[\d+\]/g, "[*]"))) {
      leftOut.push(at);
      continue;
    }
    if (entries.has(name)) throw notJson(at, "the name of two fields");
    // one level of given names; what is in it are fields again
    entries.set(name, valueJson(field, at, leftOut, !(ours && NAMED_BY_OTHERS.has(name))));
  }
  return Object.fromEntries(entries);
}

function finite(value: number, path: string): number {
  if (Number.isFinite(value)) return value;
  throw new NonFiniteError(
    `reportJson: ${path} is ${value}, which JSON cannot say; leave it out where it is not known, or check where it comes from`,
  );
}

function dateJson(date: Date, path: string): string {
  if (Number.isNaN(date.getTime())) throw notJson(path, "an invalid date");
  return date.toISOString();
}

function notJson(path: string, what: string): UsageError {
  return new UsageError(
    `reportJson: ${path} is ${what}; expected numbers, texts, dates, lists, typed arrays and plain objects of them`,
  );
}

/** `dIn` -> `d_in`, `log10Histogram` -> `log10_histogram`, `aInB` -> `a_in_b`; snake case stays. */
function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

type NumericArray = ArrayLike<number> & Iterable<number>;

function isNumericArray(value: object): value is NumericArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigIntArray(value);
}

function isBigIntArray(value: object): boolean {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
