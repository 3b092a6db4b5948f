/**
 * Binary weights: -1 or +1 times a scale, the mean of |w|, which is the least-squares scale (Rastegari et al. 2016,
 * "XNOR-Net", eq. 6). Zero weights become +1. 1 bit per weight.
 */
import { defineQuantizer, type Quantizer } from "@qsae/core";
import type { ScaleOptions } from "./scale-options.ts";
import { unlessZero } from "./scales.ts";
import { shareScale } from "./share-scale.ts";

/**
 * Binary with a least-squares scale per atom, or as `per` says.
 *
 * @throws UsageError if `per` is no way to share scales
 * @example
 * const quantizer = binary();
 */
export function binary({ per }: ScaleOptions = {}): Quantizer {
  const perRow = defineQuantizer({
    id: "binary",
    options: {},
    codes: [0, 1],
    dequantize: { kind: "table", levels: [-1, 1] },
    calibrate: (ops, w) => ({ scale: unlessZero(ops, ops.mean(ops.abs(w), 1, true)) }),
    encode: (ops, w) => ops.greaterEqual(w, 0),
  });
  return shareScale(perRow, per);
}
