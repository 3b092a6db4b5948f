/**
 * Masked ternary weights without a scale: sign(w) 1[|w| >= threshold], straight through to w where the mask of
 * `rigl-mask.ts` is 1.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import { packCodes } from "@qsae/runtime";
import { MASK, maskGradient } from "./mask.ts";
import { requiredTensor } from "./required-tensor.ts";
import { magnitudeMask } from "./rigl-mask.ts";
import type { Weights } from "./weights.ts";

export interface HardSignOptions {
  readonly threshold: number;
  /** Share of the weights that are masked at the start. */
  readonly sparsity: number;
}

export const hardSign = ({ threshold, sparsity }: HardSignOptions): Weights => {
  const hard = (ops: TensorOps, w: Tensor): Tensor => ops.mul(ops.sign(w), ops.greaterEqual(ops.abs(w), threshold)); // [d_sae, d_in]
  return {
    init: (ops, rows) => {
      const mask = magnitudeMask(ops, rows, sparsity);
      return { W_dec: ops.mul(rows, mask), [MASK]: mask };
    },
    effective: (ops, params) => {
      const w = params["W_dec"]!;
      return ops.customGrad(
        [w],
        () => ({ value: hard(ops, w), saved: [] }),
        (dy) => [maskGradient(ops, dy, params)],
      );
    },
    pack: async (_ops, params) => {
      const { shape, data } = requiredTensor(params, "W_dec");
      const [rows, cols] = shape as [number, number];
      const codes = data.map((w) => (Math.abs(w) >= threshold ? Math.sign(w) : 0));
      const plane = { scale: Float32Array.of(1), scaleShape: [1, 1] as const, scaleDtype: "F16" as const };
      return {
        kind: "codes",
        rows,
        cols,
        codes: [-1, 1],
        rule: { kind: "affine" },
        planes: [{ packed: packCodes(codes, rows, cols, [-1, 1]), ...plane }],
        quantizer: { id: "hard-sign", options: { threshold } },
      };
    },
  };
};
