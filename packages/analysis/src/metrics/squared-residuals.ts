import type { EvaluatedBatch } from "@qsae/core";
import { nonFiniteRow } from "./non-finite-row.ts";
import { wanted } from "./wanted.ts";

/**
 * `sum_i ||y_i - yhat_i||^2` of one batch, y the target of a transcoder, else x; in float64.
 *
 * @param metric name of the caller, for the error
 * @param reconstruction `[n, d_in]`; defaults to the batch's own
 * @throws NonFiniteError naming the first row whose target or reconstruction is NaN or infinite
 */
export function squaredResiduals(
  metric: string,
  batch: EvaluatedBatch,
  reconstruction: Float32Array = batch.reconstruction,
): number {
  const { n, dIn } = batch;
  const y = wanted(batch); // [n, d_in]
  let sum = 0;
  for (let i = 0, at = 0; i < n; i++) {
    let row = 0;
    for (let c = 0; c < dIn; c++, at++) {
      const residual = y[at]! - reconstruction[at]!;
      row += residual * residual;
    }
    // float32 residuals cannot overflow a float64 sum of squares, so this tests the values themselves
    if (!Number.isFinite(row)) throw nonFiniteRow(metric, batch, i);
    sum += row;
  }
  return sum;
}
