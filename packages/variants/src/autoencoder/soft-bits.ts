/**
 * n-bit two's complement weights with soft bits, as the Python reference trains them (`softBitWeights` of @qsae/quantizers, whose
 * logits are W.bits `[d_sae, d_in * n]`), and the loss polarizeLambda * {@link undecidedBits}.
 *
 * Packed with hard bits, 1[p > 1/2], which is another model: the loss only draws the two together.
 */
import { bitWorths, softBitWeights, undecidedBits } from "@qsae/quantizers";
import { packCodes, roundToF16 } from "@qsae/runtime";
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
  const worth = bitWorths(bits);
  return {
    // Logits near 0 (He et al. 2015, eq. 10): every weight starts undecided.
    init: (ops, rows, seed) => ({
      [BITS]: ops.randomNormal([rows.shape[0]!, dIn * bits], Math.sqrt(2 / (dIn * bits)), seed),
    }),
    effective: (ops, params) => softBitWeights(ops, params[BITS]!, bits, step), // [d_sae, d_in]
    // A code is a bit as it would be packed, -1 for 0. The forward pass has soft ones, whose gradients are exact.
    quantized: [
      { param: BITS, latentAxis: 0, levels: (ops, params) => ops.sub(ops.mul(ops.greater(params[BITS]!, 0), 2), 1) },
    ],
    losses: (ops, params) => ({ polarize: ops.mul(undecidedBits(ops, params[BITS]!, bits), polarizeLambda) }),
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
