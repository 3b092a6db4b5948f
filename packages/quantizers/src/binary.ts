/**
 * Binary weights: -1 or +1 times a scale per atom, the mean of |w|, which is the least-squares scale (Rastegari et al. 2016,
 * "XNOR-Net", eq. 6). Zero weights become +1. 1 bit per weight.
 */
import { defineQuantizer, type Quantizer } from "@qsae/core";
import { unlessZero } from "./scales.ts";

/**
 * Binary with a least-squares scale per atom.
 *
 * @example
 * const quantizer = binary();
 */
export const binary = (): Quantizer =>
  defineQuantizer({
    id: "binary",
    options: {},
    codes: [0, 1],
    dequantize: { kind: "table", levels: [-1, 1] },
    calibrate: (ops, w) => ({ scale: ops.tidy(() => unlessZero(ops, ops.mean(ops.abs(w), 1, true))) }),
    encode: (ops, w) => ops.greaterEqual(w, 0),
  });
