import type { Tensor, TensorOps } from "@qsae/core";

/**
 * A row of zeros has no scale of its own. This one, the least positive float16, decodes to zero for all purposes where zero is
 * no level either, is exact in every format scales are stored in, and has a logarithm.
 */
const ZERO_ROW_SCALE = 2 ** -24;

/** `scale`, where that is positive. */
export function unlessZero(ops: TensorOps, scale: Tensor): Tensor {
  return ops.where(ops.greater(scale, 0), scale, ops.fill(scale.shape, ZERO_ROW_SCALE));
}
