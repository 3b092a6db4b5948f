/** What a pickle may hold here: plain data, and what the caller's globals build. Nothing of it can run. */

export type PickleValue =
  | null
  | boolean
  | number
  /** Integers beyond 2^53. */
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleObject;

interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
}

interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}

/** A `dict` or `OrderedDict`. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<string | number, PickleValue>;
}

/** A name that the pickle imports, e.g. `torch.FloatStorage`: data, and for some a rule for what calling it gives. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
  /** What calling it gives. Throws {@link PickleProblem} where the arguments are not what they should be. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

/** Something that the caller's rules made, e.g. the description of a tensor. */
export interface PickleObject {
  readonly kind: "object";
  /** What it is, for the caller and for errors: `tensor`. */
  readonly what: string;
  readonly value: object;
}

/** What is wrong, without the place: the reader adds file and offset. */
export class PickleProblem extends Error {}

/** For error messages: `a dict`, `"abc"`, `global torch.FloatStorage`. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (typeof value !== "object") return String(value);
  if (value.kind === "global") return `global ${value.name}`;
  return `a ${value.kind === "object" ? value.what : value.kind}`;
}

export function isKind<K extends "tuple" | "list" | "dict" | "global" | "object">(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === "object" && value !== null && value.kind === kind;
}
