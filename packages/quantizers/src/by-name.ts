/** Quantizers by their written names: `binary`, `ternary`, `int4`, and those a user brings. */
import { UsageError, unknownName } from "@qsae/runtime";
import type { Quantizer, QuantizerResolver } from "@qsae/core";
import { binary } from "./binary.ts";
import { centeredInt } from "./centered-int.ts";
import { int } from "./int.ts";
import { ternary } from "./ternary.ts";

/** Quantizers that come in several widths. */
const family = { int, "centered-int": centeredInt };
type Family = keyof typeof family;

/** Every name that {@link quantizersByName} knows by itself. */
export const builtinQuantizerNames: readonly string[] = [
  "binary",
  "ternary",
  ...Object.keys(family).flatMap((name) => [2, 3, 4, 5, 6, 7, 8].map((bits) => `${name}${bits}`)),
];

/**
 * A resolver for stored and typed names: `ternary`, `binary`, `int2` .. `int8` and `centered-int2` ..
 * `centered-int8` (or `int`, `centered-int` with `{ bits }`), and the ids of
 * `custom` quantizers, which come first.
 *
 * @example
 * const resolve = quantizersByName([myQuantizer]);
 * resolve("int4"); // = int(4)
 */
export function quantizersByName(custom: readonly Quantizer[] = []): QuantizerResolver {
  return (name, options = {}) => {
    const own = custom.find(({ id }) => id === name);
    if (own) return own;
    if (name === "ternary") return ternary();
    if (name === "binary") return binary();
    const digits = /^(int|centered-int)([2-8])?$/.exec(name);
    if (digits)
      return family[digits[1] as Family](bitsOf(digits[2] === undefined ? options["bits"] : Number(digits[2])));
    const known = ["binary", "ternary", "int2 .. int8", "centered-int2 .. centered-int8"];
    throw unknownName("quantizer", name, [...known, ...custom.map(({ id }) => id)]);
  };
}

function bitsOf(bits: unknown): number {
  if (typeof bits === "number") return bits;
  throw new UsageError(`quantizer: bits are missing; write int4 or centered-int4, or give { bits: 2..8 }`);
}

/** How a quantizer is written so that {@link quantizersByName} finds it again: `int4`, `ternary`. */
export function quantizerName({ id, options }: Pick<Quantizer, "id" | "options">): string {
  return Object.hasOwn(family, id) ? `${id}${String(options["bits"])}` : id;
}
