/** Quantizers by their written names (`names/grammar.ts`) and by what files store of them: built-in ones, and those a user brings. */
import { UsageError, unknownName } from "@qsae/runtime";
import type { Quantizer, QuantizerResolver } from "@qsae/core";
import {
  families,
  formatName,
  nameForms,
  parseName,
  plainNames,
  splitModifiers,
  type StoredQuantizer,
} from "./names/grammar.ts";
import { makeQuantizer, withModifiers } from "./names/make-quantizer.ts";
import { residual } from "./residual.ts";

export { namePattern as quantizerNamePattern } from "./names/grammar.ts";

/** Names that {@link quantizersByName} knows by itself, without those that take arguments; more may stand behind a slash. */
export const builtinQuantizerNames: readonly string[] = [...plainNames, "residual2-binary", "residual2-ternary"];

/**
 * A resolver for typed names, and for stored ids with their options; the ids of `custom` quantizers come first.
 *
 *     binary  ternary  int2 .. int8  centered-int2 .. centered-int8  nf2 .. nf8  nested1 .. nested8
 *     nested4:0,16,0,256          weights of the widths' errors
 *     codebook:-1,0,1             levels
 *     twos-complement4:1.5        gamma
 *     residual2-ternary           planes of another quantizer, 2 to 16
 *
 * Behind any of them, in this order: `/absmax` (int, centered-int, nf, codebook: largest weight = largest level), `/64` (a
 * scale per 64 weights) or `/tensor` (one scale), and `/clipped`, `/lsq` or `/lsq-scaled` (the estimator in training).
 *
 * @example
 * const resolve = quantizersByName([myQuantizer]);
 * resolve("int4/64"); // = int(4, { per: 64 })
 * resolve("int", { bits: 4, per: 64 }); // the same, as files store it
 */
export function quantizersByName(custom: readonly Quantizer[] = []): QuantizerResolver {
  const resolve: QuantizerResolver = (name, options = {}) => {
    const own = custom.find(({ id }) => id === name);
    if (own) return withModifiers(own, added(options, own));
    const isStored = Object.keys(options).length > 0 || Object.hasOwn(families, name);
    const stored = isStored ? { id: name, options } : parseName(name);
    const builtin = stored && makeQuantizer(stored.id, stored.options, resolve);
    return builtin ?? modifiedCustom(name) ?? refuse(name, custom);
  };
  const modifiedCustom = (name: string): Quantizer | undefined => {
    const { base, options } = splitModifiers(name);
    const own = custom.find(({ id }) => id === base);
    if (own) return withModifiers(own, options);
    const [, depth, of] = /^residual(\d{1,2})-(.+)$/.exec(base) ?? [];
    const plane = custom.find(({ id }) => id === of);
    return plane && withModifiers(residual(plane, Number(depth)), options);
  };
  return resolve;
}

/** What a stored quantizer has beyond the one of that id: nothing but how it shares scales and is trained. */
function added(options: Readonly<Record<string, unknown>>, own: Quantizer): Readonly<Record<string, unknown>> {
  const names = ["per", "estimator"].filter((name) => own.options[name] === undefined && options[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

function refuse(name: string, custom: readonly Quantizer[]): never {
  const { base } = splitModifiers(name);
  const known = custom.some(({ id }) => id === base.split("/")[0]) || parseName(base.split("/")[0]!) !== undefined;
  if (known && name.includes("/")) {
    throw new UsageError(
      `quantizer "${name}": what is behind the slash is not allowed; write NAME[/absmax][/GROUP or /tensor][/clipped, /lsq or /lsq-scaled], where NAME has that choice: int4/64 has a scale per 64 weights`,
    );
  }
  throw unknownName("quantizer", name, [...nameForms, ...custom.map(({ id }) => id)]);
}

/** How a quantizer is written so that {@link quantizersByName} finds it again: `int4`, `ternary/64`, `residual2-ternary`. */
export const quantizerName = (quantizer: StoredQuantizer): string => formatName(quantizer);
