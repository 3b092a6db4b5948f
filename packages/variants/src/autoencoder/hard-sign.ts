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
    quantized: [
      {
        param: "W_dec",
        latentAxis: 0,
        levels: (ops, params) => hard(ops, params["W_dec"]!),
        rounding: {
          rounded: (ops, params) => hard(ops, params["W_dec"]!),
          neighbours: (ops, params, by) => {
            const w = params["W_dec"]!;
            const code = hard(ops, w);
            const next = ops.mul(ops.clipByValue(ops.add(code, by), -1, 1), Math.max(1, threshold));
            const moved = ops.mul(params[MASK]!, ops.sub(1, ops.equal(code, ops.scalar(by)))); // masked weights stay 0
            return ops.where(moved, next, w);
          },
        },
      },
    ],
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
