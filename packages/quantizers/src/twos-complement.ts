/**
 * n-bit two's complement as the Python reference encodes it: codes -2^(n-1) .. 2^(n-1) - 1 times one fixed step for all
 * weights, gamma / 2^(n-1), so that weights lie in -gamma .. gamma - step. Zero is a level and the negative side has one more.
 * The centred form of it, (code + 1/2) times a scale per atom that fits the weights, is `centered-int.ts`; at equal bits
 * that has less error. Files of the variant `binary`, preset `reference`, hold these codes.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer } from "@qsae/core";

/**
 * Two's complement of `bits` bits, 1 to 8, with weights within `gamma` of 0. The step is not fitted, and training leaves it
 * as it is.
 *
 * @throws UsageError if bits is not an integer in 1..8, or gamma no positive number
 * @example
 * const quantizer = twosComplement(4, 1.5); // step 0.1875: -1.5 .. 1.3125
 */
export function twosComplement(bits: number, gamma: number): Quantizer {
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) {
    throw new UsageError(`quantizer twos-complement: bits=${bits} is not allowed; use an integer in 1..8`);
  }
  if (!Number.isFinite(gamma) || gamma <= 0) {
    throw new UsageError(
      `quantizer twos-complement: gamma=${gamma} is not allowed; use the largest magnitude of a weight, a positive number`,
    );
  }
  const [min, max] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return defineQuantizer({
    id: "twos-complement",
    options: { bits, gamma },
    codes: [min, max],
    dequantize: { kind: "affine" },
    calibrate: (ops) => ({ scale: ops.fill([1, 1], gamma / 2 ** (bits - 1)) }),
    encode: (ops, w, { scale }) => ops.gridCodes(w, scale, { min, max, rounding: "nearest" }),
    backward: (ops, dy) => ({ w: ops.mul(dy, 1) }), // none to the scale
  });
}
