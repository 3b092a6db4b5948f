/**
 * `powers-of-two`: weights 0, ±1/4, ±1/2, ±1 times a scale per atom, so that a product with a weight is a shift (Miyashita,
 * Lee & Murmann 2016, "Convolutional neural networks using logarithmic data representation"; Li, Dong & Wang 2020, "Additive
 * powers-of-two quantization", has sums of such levels). They are dense where weights are.
 */
import { defineQuantizer, fakeQuantize, type Quantizer } from "@qsae/core";

const thresholds = [-3 / 4, -3 / 8, -1 / 8, 1 / 8, 3 / 8, 3 / 4]; // halfway between the levels

export const powersOfTwo: Quantizer = defineQuantizer({
  id: "powers-of-two",
  options: {},
  codes: [-3, 3],
  dequantize: { kind: "table", levels: [-1, -1 / 2, -1 / 4, 0, 1 / 4, 1 / 2, 1] },
  calibrate(ops, w) {
    let scale = ops.mul(ops.mean(ops.abs(w), 1, true), 2.5); // [d_sae, 1], near the best for Gaussian weights
    // Least squares by turns (Lloyd 1982): the weights rounded at a scale, then the scale that fits them best.
    for (let round = 0; round < 10; round++) {
      const rounded = fakeQuantize(ops, powersOfTwo, w, { scale }); // [d_sae, d_in]
      scale = ops.mul(scale, ops.div(ops.sum(ops.mul(w, rounded), 1, true), ops.sum(ops.square(rounded), 1, true)));
    }
    return { scale: ops.where(ops.greater(scale, 0), scale, ops.fill(scale.shape, 1)) }; // any, where an atom is zero
  },
  encode: (ops, w, { scale }) =>
    thresholds.reduce((code, t) => ops.add(code, ops.greater(w, ops.mul(scale, t))), ops.scalar(-3)),
});
