/** Two's complement codes on a centred grid: -2^(n-1) .. 2^(n-1) - 1 stand for (code + 1/2) times the scale. */
import type { Tensor, TensorOps } from "@qsae/core";

export interface MidRise {
  readonly codes: readonly [min: number, max: number];
  readonly largestLevel: number;
  /** Codes of w `[d_sae, d_in]` at a scale `[d_sae, 1]`. */
  readonly encode: (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor;
  /** What they stand for at scale 1. */
  readonly levels: (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor;
}

export function midRise(bits: number): MidRise {
  const [min, max] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const encode = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor =>
    ops.gridCodes(w, scale, { min, max, rounding: "down" });
  return {
    codes: [min, max],
    largestLevel: max + 0.5,
    encode,
    levels: (ops, w, scale) => ops.add(encode(ops, w, scale), 0.5),
  };
}
