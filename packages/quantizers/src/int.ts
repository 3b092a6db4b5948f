/**
 * n-bit integers, symmetric around zero ("mid-tread"): codes -(2^(n-1) - 1) .. 2^(n-1) - 1 times a scale. The scale is searched
 * for least squares; the usual absmax scale is up to four times worse at 2-4 bits.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { fitOption, type FittedScaleOptions } from "./scale-options.ts";
import { searchScale } from "./search-scale.ts";
import { shareScale } from "./share-scale.ts";

/**
 * Integers of `bits` bits, 2 to 8, with a least-squares scale per atom, unless `fit` or `per` say otherwise.
 *
 * @throws UsageError if bits is not an integer in 2..8, or for an unknown fit or way to share scales
 * @example
 * const quantizer = int(4); // codes -7..7
 * const grouped = int(4, { per: 64 }); // a scale per 64 neighbouring weights
 */
export function int(bits: number, { per, fit = "least-squares" }: FittedScaleOptions = {}): Quantizer {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new UsageError(`quantizer int: bits=${bits} is not allowed; use an integer in 2..8 (1 bit is "binary")`);
  }
  const max = 2 ** (bits - 1) - 1;
  const encode = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor =>
    ops.gridCodes(w, scale, { min: -max, max, rounding: "nearest" });
  const perRow = defineQuantizer({
    id: "int",
    options: { bits, ...fitOption("int", fit) },
    codes: [-max, max],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) => ({ scale: searchScale(ops, w, { largestLevel: max, round: encode, fit }) }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
  return shareScale(perRow, per);
}
