/**
 * How quantizers are written, in one table:
 *
 *     NAME = BASE [/absmax] [/GROUP | /tensor] [/clipped | /lsq | /lsq-scaled]
 *     BASE = binary | ternary | int2 .. int8 | ... | residual2-BASE .. residual16-BASE
 *
 * `/absmax` is how the scale is found, `/64` and `/tensor` which weights share one, the last how gradients pass
 * through the rounding. From the table come the expressions that read a name, the name that is written for a stored quantizer, and the
 * lists in messages.
 */
import type { QuantizerOptions } from "@qsae/core";

/** A quantizer as files store it. */
export interface StoredQuantizer {
  readonly id: string;
  readonly options: QuantizerOptions;
}

interface Family {
  /** Written behind the id, one digit: smallest and largest. */
  readonly bits?: readonly [min: number, max: number];
  /** Written behind a colon. */
  readonly argument?: {
    readonly option: string;
    readonly kind: "number" | "numbers";
    readonly optional?: true;
    /** In lists of what is allowed. */
    readonly written: string;
  };
  /** Whether the scale may be found by absmax. */
  readonly fits?: true;
  /** Its scale is given: nothing shares or learns it. */
  readonly fixedScale?: true;
}

export const families: Readonly<Record<string, Family>> = {
  binary: {},
  ternary: {},
  int: { bits: [2, 8], fits: true },
  "centered-int": { bits: [2, 8], fits: true },
  nf: { bits: [2, 8], fits: true },
  nested: {
    bits: [1, 8],
    argument: { option: "weights", kind: "numbers", optional: true, written: "WEIGHT,..." },
  },
  codebook: {
    argument: { option: "levels", kind: "numbers", written: "LEVEL,LEVEL,..." },
    fits: true,
  },
  "twos-complement": {
    bits: [1, 8],
    argument: { option: "gamma", kind: "number", written: "GAMMA" },
    fixedScale: true,
  },
};

const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`;
const PER = String.raw`(?:/(?<per>tensor|[2-9]|[1-9]\d{1,5}))?`;
const ESTIMATOR = "(?:/(?<estimator>clipped|lsq|lsq-scaled))?";
/** LSQ has no meaning for sums, nor for scales that are given. */
const CLIPPED = "(?:/(?<estimator>clipped))?";
const DEPTH = "[2-9]|1[0-6]";

const bitsPattern = ({ bits }: Family): string => (bits ? `(?<bits>[${bits[0]}-${bits[1]}])` : "");

function argumentPattern({ argument }: Family): string {
  if (!argument) return "";
  const value = argument.kind === "number" ? NUMBER : `${NUMBER}(?:,${NUMBER})*`;
  return argument.optional ? `(?::(?<argument>${value}))?` : `:(?<argument>${value})`;
}

const basePattern = (id: string): string => id + bitsPattern(families[id]!) + argumentPattern(families[id]!);

const fitPattern = ({ fits }: Family): string => (fits ? "(?:/(?<fit>absmax))?" : "");

const ids = Object.keys(families);

const plain = ids.map((id) => {
  const family = families[id]!;
  const tail = family.fixedScale ? CLIPPED : PER + ESTIMATOR;
  return [id, new RegExp(`^${basePattern(id)}${fitPattern(family)}${tail}$`)] as const;
});

/** A sum shares the scales of its planes; how they are found is each plane's own. */
const sums = ids
  .filter((id) => !families[id]!.fixedScale)
  .map((id) => {
    const of = basePattern(id) + fitPattern(families[id]!);
    return new RegExp(`^residual(?<depth>${DEPTH})-(?<of>${of})${PER}${CLIPPED}$`);
  });

const modified = new RegExp(`^(?<base>.*?)${PER}${ESTIMATOR}$`, "s");

/** What the name of a built-in quantizer says; undefined: it is no such name. */
export function parseName(name: string): StoredQuantizer | undefined {
  for (const expression of sums) {
    const { depth, of, ...rest } = expression.exec(name)?.groups ?? {};
    if (depth !== undefined) return { id: "residual", options: { of: of!, depth: Number(depth), ...modifiers(rest) } };
  }
  for (const [id, expression] of plain) {
    const said = expression.exec(name);
    if (said) return { id, options: optionsOf(families[id]!, said.groups ?? {}) };
  }
  return undefined;
}

type Said = Readonly<Record<string, string | undefined>>;

function optionsOf({ argument }: Family, { bits, argument: value, fit, ...rest }: Said): QuantizerOptions {
  return {
    ...(bits === undefined ? {} : { bits: Number(bits) }),
    ...(argument && value !== undefined
      ? { [argument.option]: argument.kind === "number" ? Number(value) : value }
      : {}),
    ...(fit === undefined ? {} : { fit }),
    ...modifiers(rest),
  };
}

function modifiers({ per, estimator }: Said): QuantizerOptions {
  return {
    ...(per === undefined ? {} : { per: per === "tensor" ? per : Number(per) }),
    ...(estimator === undefined ? {} : { estimator }),
  };
}

/** A name in two: what it begins with, and what is said of any quantizer behind slashes. */
export function splitModifiers(name: string): { readonly base: string; readonly options: QuantizerOptions } {
  const { base, ...said } = modified.exec(name)!.groups!;
  return { base: base!, options: modifiers(said) };
}

/** The inverse of {@link parseName}; of other quantizers, the id and what may stand behind slashes. */
export function formatName({ id, options }: StoredQuantizer): string {
  const { per, estimator } = options;
  const family = Object.hasOwn(families, id) ? families[id] : undefined;
  const fit = family?.fits ? options["fit"] : undefined;
  const tail = [fit, per, estimator].filter((part) => part !== undefined);
  const head = family ? familyHead(id, family, options) : residualHead(id, options);
  return [head, ...tail].join("/");
}

function familyHead(id: string, { bits, argument }: Family, options: QuantizerOptions): string {
  const value = argument && options[argument.option];
  return `${id}${bits ? String(options["bits"]) : ""}${value === undefined ? "" : `:${value}`}`;
}

const residualHead = (id: string, { depth, of }: QuantizerOptions): string =>
  id === "residual" && depth !== undefined ? `residual${depth}-${of}` : id;

/** How a family is written, for messages: `int2 .. int8`. */
export function formOf(id: string): string {
  if (id === "residual") return "residual2-NAME .. residual16-NAME";
  const { bits, argument } = families[id]!;
  const tail = argument && !argument.optional ? `:${argument.written}` : "";
  return bits ? `${id}${bits[0]}${tail} .. ${id}${bits[1]}${tail}` : id + tail;
}

/** Of all built-in quantizers. */
export const nameForms: readonly string[] = [...ids, "residual"].map(formOf);

/** Names without arguments, for completion. */
export const plainNames: readonly string[] = ids.flatMap((id) => {
  const { bits, argument } = families[id]!;
  if (argument && !argument.optional) return [];
  return bits ? Array.from({ length: bits[1] - bits[0] + 1 }, (_, i) => `${id}${bits[0] + i}`) : [id];
});

/** All names of built-in quantizers, as JSON Schema's `pattern` takes it: without names of groups. */
export const namePattern: string = (() => {
  const bases = (fixed: boolean): string =>
    ids
      .filter((id) => (families[id]!.fixedScale ?? false) === fixed)
      .map((id) => basePattern(id) + fitPattern(families[id]!))
      .join("|");
  const any = [
    `^(?:${bases(false)})${PER}${ESTIMATOR}$`,
    `^(?:${bases(true)})${CLIPPED}$`,
    `^residual(?:${DEPTH})-(?:${bases(false)})${PER}${CLIPPED}$`,
  ];
  return any.join("|").replace(/\(\?<\w+>/g, "(?:");
})();
