/**
 * n-bit two's complement weights with soft bits: p = sigmoid(W.bits), W.bits `[d_sae, d_in * n]`, bit index fastest, least
 * significant first;
 *
 *     weight = step (sum_{i<n-1} 2^i p_i - 2^(n-1) p_{n-1}),   step = gamma / 2^(n-1)
 *     loss   = polarizeLambda * mean of p (1 - p) 2^i
 *
 * Packed with hard bits, 1[p > 1/2], which is another model: the loss only draws the two together.
 */
import { packCodes, roundToF16 } from "@qsae/runtime";
import type { Tensor, TensorOps } from "@qsae/core";
import { requiredTensor } from "./required-tensor.ts";
import type { Weights } from "./weights.ts";

export interface SoftBitsOptions {
  readonly dIn: number;
  readonly bits: number;
  /** The weights' range is -gamma .. gamma - step. */
  readonly gamma: number;
  readonly polarizeLambda: number;
}

const BITS = "W_dec.bits";

export function softBits({ dIn, bits, gamma, polarizeLambda }: SoftBitsOptions): Weights {
  const step = gamma / 2 ** (bits - 1);
  const worth = Array.from({ length: bits }, (_, i) => (i === bits - 1 ? -1 : 1) * 2 ** i);
  const probabilities = (ops: TensorOps, logits: Tensor): Tensor => ops.reshape(ops.sigmoid(logits), [-1, bits]);
  return {
    // Logits near 0 (He et al. 2015, eq. 10): every weight starts undecided.
    init: (ops, rows, seed) => ({
      [BITS]: ops.randomNormal([rows.shape[0]!, dIn * bits], Math.sqrt(2 / (dIn * bits)), seed),
    }),
    effective: (ops, params) => {
      const p = probabilities(ops, params[BITS]!); // [d_sae * d_in, bits]
      const scaled = ops.tensor(
        worth.map((value) => value * step),
        [bits, 1],
      );
      return ops.reshape(ops.matMul(p, scaled), [-1, dIn]); // [d_sae, d_in]
    },
    losses: (ops, params) => {
      const p = probabilities(ops, params[BITS]!);
      const magnitudes = ops.tensor(worth.map(Math.abs), [1, bits]);
      const undecided = ops.mul(ops.mul(p, ops.sub(1, p)), magnitudes);
      return { polarize: ops.mul(ops.mean(undecided), polarizeLambda) };
    },
    pack: async (_ops, params) => {
      const { shape, data } = requiredTensor(params, BITS);
      const rows = shape[0]!;
      const codes = new Int32Array(rows * dIn);
      data.forEach((logit, at) => {
        if (logit > 0) codes[Math.floor(at / bits)]! += worth[at % bits]!;
      });
      const range = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] as const;
      const scale = Math.fround(step);
      return {
        kind: "codes",
        rows,
        cols: dIn,
        codes: range,
        rule: { kind: "affine" },
        planes: [
          {
            packed: packCodes(codes, rows, dIn, range),
            scale: Float32Array.of(scale),
            scaleShape: [1, 1],
            scaleDtype: roundToF16(scale) === scale ? "F16" : "F32",
          },
        ],
        quantizer: { id: "twos-complement", options: { bits, gamma } },
      };
    },
  };
}
