/**
 * n-bit two's complement on a centred grid ("mid-rise"): codes -2^(n-1) .. 2^(n-1) - 1 stand for (code + 1/2) times a scale
 * per atom. No level is wasted on symmetry, which matters at 2 bits (a fifth less error than mid-tread); 0 is no level.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { searchScale } from "./search-scale.ts";

/**
 * Centred integers of `bits` bits, 2 to 8, with a least-squares scale per atom.
 *
 * @throws UsageError if bits is not an integer in 2..8
 * @example
 * const quantizer = centeredInt(2); // -1.5, -0.5, 0.5, 1.5 times the scale
 */
export function centeredInt(bits: number): Quantizer {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new UsageError(
      `quantizer centered-int: bits=${bits} is not allowed; use an integer in 2..8 (1 bit is "binary")`,
    );
  }
  const [min, max] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const encode = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor =>
    ops.tidy(() => ops.clipByValue(ops.floor(ops.div(w, scale)), min, max));
  const levels = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor => ops.add(encode(ops, w, scale), 0.5);
  return defineQuantizer({
    id: "centered-int",
    options: { bits },
    codes: [min, max],
    dequantize: { kind: "affine", offset: 0.5 },
    calibrate: (ops, w) => ({ scale: ops.tidy(() => searchScale(ops, w, max + 0.5, levels)) }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
}
