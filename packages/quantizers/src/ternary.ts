/**
 * Ternary weights: codes -1, 0, +1 times a scale (Li, Zhang & Liu 2016, "Ternary weight networks"). A weight is 0
 * where |w| <= scale / 2. 1.6 bits per weight on disk.
 */
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import type { ScaleOptions } from "./scale-options.ts";
import { unlessZero } from "./scales.ts";
import { shareScale } from "./share-scale.ts";

/** Ternary weight networks, section 3.2: the threshold that is best for Gaussian weights, in units of mean |w|. */
const START_THRESHOLD = 0.75;
/** Threshold and scale improve each other (Lloyd 1982); the error is within 0.1 % of its limit after this many rounds. */
const ROUNDS = 5;

/**
 * Ternary with a least-squares scale per atom, or as `per` says.
 *
 * @throws UsageError if `per` is no way to share scales
 * @example
 * const quantizer = ternary();
 * const grid = quantizer.calibrate(ops, wDec); // { scale: [d_sae, 1] }
 */
export function ternary({ per }: ScaleOptions = {}): Quantizer {
  const perRow = defineQuantizer({
    id: "ternary",
    options: {},
    codes: [-1, 1],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) => ({ scale: leastSquaresScale(ops, w) }),
    encode: (ops, w, { scale }) => ops.gridCodes(w, scale, { min: -1, max: 1, rounding: "nearest" }),
  });
  return shareScale(perRow, per);
}

/** Mean |w| over the weights that are not zeroed, which are those with |w| > scale / 2: `[d_sae, 1]`. */
function leastSquaresScale(ops: TensorOps, w: Tensor): Tensor {
  const magnitude = ops.abs(w); // [d_sae, d_in]
  let threshold = ops.mul(ops.mean(magnitude, 1, true), START_THRESHOLD); // [d_sae, 1]
  let scale = threshold;
  for (let round = 0; round < ROUNDS; round++) {
    const kept = ops.greater(magnitude, threshold);
    scale = ops.div(ops.sum(ops.mul(magnitude, kept), 1, true), ops.maximum(ops.sum(kept, 1, true), 1));
    threshold = ops.mul(scale, 0.5);
  }
  return unlessZero(ops, scale);
}
