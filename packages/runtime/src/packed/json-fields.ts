/** Parsed JSON read field by field: every value by its type, every unknown field refused, problems named by their path. */
import type { Fail } from "../strict-json.ts";

/** The fields of one JSON object. */
export interface Fields {
  /** The value of a required field. */
  get(name: string): Field;
  /** The value of a field that may be absent. */
  optional(name: string): Field | undefined;
  /** Refuses the fields that were not asked for: a newer writer's meaning must not be dropped in silence. */
  end(): void;
}

/** One JSON value at a place in the document. */
interface Field {
  fields(): Fields;
  array(): Field[];
  /** An object with any keys. */
  record<T>(read: (field: Field) => T): Record<string, T>;
  number(): number;
  text(): string;
  boolean(): boolean;
  oneOf<const T extends string>(allowed: readonly T[]): T;
  /** A number, text or boolean. */
  scalar(): number | string | boolean;
  /** Any JSON. */
  json(): unknown;
  fail(problem: string): never;
}

export function fieldsOf(value: unknown, path: string, fail: Fail): Fields {
  return fieldAt(value, path, fail).fields();
}

function fieldAt(value: unknown, path: string, failOuter: Fail): Field {
  const fail: Fail = (problem) => failOuter(`${path} ${problem}`);
  const object = (): Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail("must be an object");
  return {
    fields: () => objectFields(object(), path, failOuter),
    array: () =>
      Array.isArray(value)
        ? value.map((item, i) => fieldAt(item, `${path}[${i}]`, failOuter))
        : fail("must be an array"),
    record: (read) =>
      Object.fromEntries(
        Object.entries(object()).map(([key, item]) => [key, read(fieldAt(item, `${path}.${key}`, failOuter))]),
      ),
    number: () => (typeof value === "number" ? value : fail("must be a number")),
    text: () => (typeof value === "string" ? value : fail("must be a text")),
    boolean: () => (typeof value === "boolean" ? value : fail("must be true or false")),
    oneOf: (allowed) =>
      allowed.find((name) => name === value) ?? fail(`is ${JSON.stringify(value)}; expected ${allowed.join(", ")}`),
    scalar: () =>
      typeof value === "number" || typeof value === "string" || typeof value === "boolean"
        ? value
        : fail("must be a number, a text, true or false"),
    json: () => value,
    fail,
  };
}

function objectFields(object: Record<string, unknown>, path: string, fail: Fail): Fields {
  const asked = new Set<string>();
  const optional = (name: string): Field | undefined => {
    asked.add(name);
    return Object.hasOwn(object, name) ? fieldAt(object[name], `${path}.${name}`, fail) : undefined;
  };
  return {
    optional,
    get: (name) => optional(name) ?? fail(`${path} has no "${name}"`),
    end: () => {
      const unknown = Object.keys(object).filter((name) => !asked.has(name));
      if (unknown.length > 0) fail(`${path} has the unknown field "${unknown[0]}"; known: ${[...asked].join(", ")}`);
    },
  };
}
