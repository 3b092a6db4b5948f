/**
 * Straight through, but not to weights beyond the outermost levels, which rounding cannot tell apart (Hubara et al. 2016,
 * "Binarized neural networks", section 1.3; for more bits Choi et al. 2018, "PACT"): those stay where they are instead of growing
 * without end.
 */
import { defineQuantizer, type Quantizer } from "@qsae/core";
import { gradientsOf } from "./straight-through.ts";
import { withinRange } from "./within-range.ts";

/**
 * The quantizer with a gradient of zero for weights beyond its outermost levels; to its grid as before. Stored as the
 * option `estimator: "clipped"`.
 *
 * @example
 * const quantizer = clippedStraightThrough(binary()); // no gradient where |w| > scale
 */
export const clippedStraightThrough = (quantizer: Quantizer): Quantizer =>
  defineQuantizer({
    ...quantizer,
    options: { ...quantizer.options, estimator: "clipped" },
    backward: (ops, dy, w, grid) => {
      const { w: dw, ...rest } = gradientsOf(ops, quantizer, dy, w, grid);
      return { ...rest, w: ops.mul(dw, withinRange(ops, quantizer, w, grid.scale)) };
    },
  });
