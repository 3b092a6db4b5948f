/**
 * n-bit integers, symmetric around zero ("mid-tread"): codes -(2^(n-1) - 1) .. 2^(n-1) - 1 times a scale per atom. The scale
 * is searched for least squares; the usual absmax scale is up to four times worse at 2-4 bits.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { searchScale } from "./search-scale.ts";

/**
 * Integers of `bits` bits, 2 to 8, with a least-squares scale per atom.
 *
 * @throws UsageError if bits is not an integer in 2..8
 * @example
 * const quantizer = int(4); // codes -7..7
 */
export function int(bits: number): Quantizer {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new UsageError(`quantizer int: bits=${bits} is not allowed; use an integer in 2..8 (1 bit is "binary")`);
  }
  const max = 2 ** (bits - 1) - 1;
  const encode = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor =>
    ops.tidy(() => ops.clipByValue(ops.round(ops.div(w, scale)), -max, max));
  return defineQuantizer({
    id: "int",
    options: { bits },
    codes: [-max, max],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) => ({ scale: ops.tidy(() => searchScale(ops, w, max, encode)) }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
}
