/**
 * n-bit two's complement on a centred grid ("mid-rise"): codes -2^(n-1) .. 2^(n-1) - 1 stand for (code + 1/2) times a scale. No
 * level is wasted on symmetry, which matters at 2 bits (a fifth less error than mid-tread); 0 is no level. The reference's
 * two's complement without the half, and with one step for all atoms, is `twos-complement.ts`.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer } from "@qsae/core";
import { midRise } from "./mid-rise.ts";
import { fitOption, type FittedScaleOptions } from "./scale-options.ts";
import { searchScale } from "./search-scale.ts";
import { shareScale } from "./share-scale.ts";

/**
 * Centred integers of `bits` bits, 2 to 8, with a least-squares scale per atom, unless `fit` or `per` say otherwise.
 *
 * @throws UsageError if bits is not an integer in 2..8, or for an unknown fit or way to share scales
 * @example
 * const quantizer = centeredInt(2); // -1.5, -0.5, 0.5, 1.5 times the scale
 */
export function centeredInt(bits: number, { per, fit = "least-squares" }: FittedScaleOptions = {}): Quantizer {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new UsageError(
      `quantizer centered-int: bits=${bits} is not allowed; use an integer in 2..8 (1 bit is "binary")`,
    );
  }
  const { codes, largestLevel, encode, levels } = midRise(bits);
  const perRow = defineQuantizer({
    id: "centered-int",
    options: { bits, ...fitOption("centered-int", fit) },
    codes,
    dequantize: { kind: "affine", offset: 0.5 },
    calibrate: (ops, w) => ({ scale: searchScale(ops, w, { largestLevel, round: levels, fit }) }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
  return shareScale(perRow, per);
}
