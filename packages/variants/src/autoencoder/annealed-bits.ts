/**
 * n-bit weights whose rounding hardens while they train (`annealedLevel` of @qsae/quantizers). Their levels are those of the centred
 * grid, and gradients are exact. Parameters and packed form are those of `weights.ts`.
 */
import type { Quantizer } from "@qsae/core";
import { annealedBeta, annealedLevel } from "@qsae/quantizers";
import { weights, type Weights } from "./weights.ts";

/** From this share of the run on, weights are those that will be packed: bits stand, scales and everything else still learn. */
const HARD_FROM = 0.9;

export interface AnnealedBitsOptions {
  readonly bits: number;
  /** What the weights become: `binary` for one bit, centred integers for more. */
  readonly quantizer: Quantizer;
}

export function annealedBits({ bits, quantizer }: AnnealedBitsOptions): Weights {
  const { quantized = [], ...hard } = weights({ name: "W_dec", quantizer });
  return {
    ...hard,
    // Codes as they would be packed. The forward pass does not round to them but with exact gradients, or none.
    quantized: quantized.map(({ rounding: _, ...codes }) => codes),
    effective: (ops, params, progress) => {
      const w = params["W_dec"]!; // [d_sae, d_in]
      if (progress >= HARD_FROM) return hard.effective(ops, { ...params, W_dec: ops.detach(w) }, progress);
      // One bit is -1 or +1 times the scale, more are a scale apart.
      const step = ops.mul(ops.exp(params["W_dec.log_scale"]!), bits === 1 ? 2 : 1); // [d_sae, 1]
      return ops.mul(annealedLevel(ops, ops.div(w, step), bits, annealedBeta(progress / HARD_FROM)), step); // [d_sae, d_in]
    },
  };
}
