/** What every quantizer lets one choose about its scales. */
import { UsageError } from "@qsae/runtime";
import type { QuantizerOptions } from "@qsae/core";

/** Weights that share a scale: those of an atom, those of the whole matrix, or so many neighbouring weights of an atom. */
export type ScalePer = "atom" | "tensor" | number;

/** How a scale is found: with the least squared error, or such that the largest weight is the largest level. */
export type ScaleFit = "least-squares" | "absmax";

export interface ScaleOptions {
  /** Default: `atom`. */
  readonly per?: ScalePer;
}

export interface FittedScaleOptions extends ScaleOptions {
  /** Default: `least-squares`; `absmax` has up to four times the error at 2 to 4 bits. */
  readonly fit?: ScaleFit;
}

/**
 * The default is not stored.
 *
 * @throws UsageError for an unknown fit
 */
export function fitOption(id: string, fit: ScaleFit): QuantizerOptions {
  if (fit === "least-squares") return {};
  if (fit === "absmax") return { fit };
  throw new UsageError(`quantizer ${id}: fit=${JSON.stringify(fit)} is not allowed; use "least-squares" or "absmax"`);
}
