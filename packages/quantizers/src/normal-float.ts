/**
 * Levels for Gaussian weights, the 2^n Lloyd-Max points of N(0, 1). Like the NF4 of Dettmers et al. 2023 ("QLoRA", section 3)
 * it spaces levels as Gaussian weights are; their levels are quantiles (each equally probable) for an absmax scale and
 * include 0, these have the least squared error and go with a least-squares scale.
 */
import { UsageError } from "@qsae/runtime";
import type { Quantizer } from "@qsae/core";
import { tableQuantizer } from "./codebook.ts";
import { lloydMaxLevels } from "./lloyd-max.ts";
import type { FittedScaleOptions } from "./scale-options.ts";

/**
 * A codebook of 2^bits levels for Gaussian weights, with a least-squares scale per atom, unless `fit` or `per` say otherwise.
 *
 * @throws UsageError if bits is not an integer in 2..8, or for an unknown fit or way to share scales
 * @example
 * const quantizer = normalFloat(4); // "nf4"
 */
export function normalFloat(bits: number, options: FittedScaleOptions = {}): Quantizer {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new UsageError(`quantizer nf: bits=${bits} is not allowed; use an integer in 2..8 (1 bit is "binary")`);
  }
  return tableQuantizer("nf", { bits }, lloydMaxLevels(2 ** bits), options);
}
