/** Quantizers from what files store of them: an id and options. */
import { UsageError } from "@qsae/runtime";
import type { Quantizer } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { codebook } from "../codebook.ts";
import { clippedStraightThrough } from "../estimators/clipped-straight-through.ts";
import { learnedStep } from "../estimators/learned-step.ts";
import { int } from "../int.ts";
import { nested } from "../nested.ts";
import { normalFloat } from "../normal-float.ts";
import { residual } from "../residual.ts";
import type { FittedScaleOptions, ScaleFit, ScalePer } from "../scale-options.ts";
import { shareScale } from "../share-scale.ts";
import { ternary } from "../ternary.ts";
import { twosComplement } from "../twos-complement.ts";
import { families, formOf } from "./grammar.ts";

export type StoredOptions = Readonly<Record<string, unknown>>;

/** Reads options and keeps count: those that nobody asks for mean nothing. */
class OptionReader {
  readonly #asked = new Set<string>();
  constructor(
    readonly id: string,
    private readonly options: StoredOptions,
  ) {}

  optional(name: string): unknown {
    this.#asked.add(name);
    return this.options[name];
  }

  number(name: string): number {
    const value = this.#required(name);
    if (typeof value === "number") return value;
    throw new UsageError(`quantizer ${this.id}: ${name}=${JSON.stringify(value)} is not allowed; use a number`);
  }

  text(name: string): string {
    const value = this.#required(name);
    if (typeof value === "string") return value;
    throw new UsageError(`quantizer ${this.id}: ${name}=${JSON.stringify(value)} is not allowed; use a string`);
  }

  end(): void {
    const unknown = Object.keys(this.options).find((name) => !this.#asked.has(name));
    if (unknown === undefined) return;
    const allowed = this.#asked.size > 0 ? `allowed: ${[...this.#asked].join(", ")}` : "it has no options";
    throw new UsageError(
      `quantizer ${this.id}: option ${unknown}=${JSON.stringify(this.options[unknown])} means nothing; ${allowed}`,
    );
  }

  #required(name: string): unknown {
    const value = this.optional(name);
    if (value !== undefined) return value;
    throw new UsageError(`quantizer ${this.id}: ${name} missing; write ${formOf(this.id)}, or give { ${name} }`);
  }
}

/** By id; `named` finds the quantizer that another is made of. */
const makers: Readonly<Record<string, (options: OptionReader, named: (name: string) => Quantizer) => Quantizer>> = {
  binary: () => binary(),
  ternary: () => ternary(),
  int: (options) => int(options.number("bits"), fitOf(options)),
  "centered-int": (options) => centeredInt(options.number("bits"), fitOf(options)),
  nf: (options) => normalFloat(options.number("bits"), fitOf(options)),
  nested: (options) => {
    const weights = options.optional("weights");
    return nested(
      options.number("bits"),
      weights === undefined ? {} : { widthWeights: numbers(options.text("weights")) },
    );
  },
  codebook: (options) => codebook(numbers(options.text("levels")), fitOf(options)),
  "twos-complement": (options) => twosComplement(options.number("bits"), options.number("gamma")),
  residual: (options, named) => residual(named(options.text("of")), options.number("depth")),
};

/**
 * The built-in quantizer of this id; undefined: there is none.
 *
 * @throws UsageError for options that are missing, out of range, or none of its own
 */
export function makeQuantizer(
  id: string,
  options: StoredOptions,
  named: (name: string) => Quantizer,
): Quantizer | undefined {
  if (!Object.hasOwn(makers, id)) return undefined;
  const reader = new OptionReader(id, options);
  const quantizer = makers[id]!(reader, named);
  const fixed = Object.hasOwn(families, id) && families[id]!.fixedScale === true;
  const shared = fixed ? quantizer : shareScale(quantizer, (reader.optional("per") ?? "atom") as ScalePer);
  const estimated = withEstimator(shared, reader.optional("estimator"), fixed);
  reader.end();
  return estimated;
}

/** A quantizer whose scales are shared and whose gradient is estimated as `per` and `estimator` say. */
export function withModifiers(quantizer: Quantizer, { per = "atom", estimator }: StoredOptions): Quantizer {
  return withEstimator(shareScale(quantizer, per as ScalePer), estimator, false);
}

function withEstimator(quantizer: Quantizer, estimator: unknown, fixedScale: boolean): Quantizer {
  if (estimator === undefined) return quantizer;
  if (estimator === "clipped") return clippedStraightThrough(quantizer);
  if (estimator === "lsq" && !fixedScale) return learnedStep(quantizer);
  if (estimator === "lsq-scaled" && !fixedScale) return learnedStep(quantizer, { gradientScale: true });
  const allowed = fixedScale ? '"clipped" (its scale is fixed)' : '"clipped", "lsq" or "lsq-scaled"';
  throw new UsageError(
    `quantizer ${quantizer.id}: estimator=${JSON.stringify(estimator)} is not allowed; use ${allowed}, or leave it out`,
  );
}

function fitOf(options: OptionReader): FittedScaleOptions {
  const fit = options.optional("fit");
  return fit === undefined ? {} : { fit: fit as ScaleFit };
}

/** `-1,0,1`; what is no number becomes NaN, which quantizers refuse. */
const numbers = (list: string): readonly number[] =>
  list.split(",").map((text) => (text.trim() === "" ? NaN : Number(text)));
