/**
 * n-bit integers, symmetric around zero ("mid-tread"): codes -(2^(n-1) - 1) .. 2^(n-1) - 1 times a scale per atom. The scale
 * is searched for least squares; the usual absmax scale is up to four times worse at 2-4 bits.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { unlessZero } from "./scales.ts";

/** Largest weights are clipped to these shares of the maximum, in steps of 1/40: below 0.15 no Gaussian row has its optimum. */
const CLIP_SHARES = Array.from({ length: 36 }, (_, i) => (6 + i) / 40);

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

/** Per atom, the best of all clip shares, each followed by one least-squares refit of the scale to its codes: `[d_sae, 1]`. */
function searchScale(
  ops: TensorOps,
  w: Tensor,
  max: number,
  encode: (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor,
): Tensor {
  const largest = unlessZero(ops, ops.max(ops.abs(w), 1, true)); // [d_sae, 1]
  let best = ops.mul(largest, 1 / max);
  let bestError = roundingError(ops, w, best, encode);
  for (const share of CLIP_SHARES) {
    [best, bestError] = ops.tidy(() => {
      const clipped = ops.mul(largest, share / max);
      const codes = encode(ops, w, clipped); // [d_sae, d_in]
      const energy = ops.sum(ops.square(codes), 1, true);
      const fitted = ops.div(ops.sum(ops.mul(w, codes), 1, true), ops.maximum(energy, 1));
      const candidate = ops.where(ops.greater(energy, 0), fitted, clipped);
      const error = roundingError(ops, w, candidate, encode);
      const better = ops.greater(bestError, error);
      return [ops.where(better, candidate, best), ops.minimum(error, bestError)];
    });
  }
  return best;
}

function roundingError(
  ops: TensorOps,
  w: Tensor,
  scale: Tensor,
  encode: (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor,
): Tensor {
  return ops.tidy(() => ops.sum(ops.square(ops.sub(w, ops.mul(encode(ops, w, scale), scale))), 1, true));
}
