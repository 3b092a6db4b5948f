import { NonFiniteError } from "@qsae/runtime";
import type { EvaluatedBatch } from "@qsae/core";

/** The error for row `i` of a batch whose input or reconstruction is NaN or infinite; names the row of the data. */
export function nonFiniteRow(metric: string, batch: EvaluatedBatch, i: number): NonFiniteError {
  return new NonFiniteError(
    `${metric}: row ${batch.rows[i] ?? i} of the data or its reconstruction is NaN or infinite; ` +
      `check the activations and the SAE's weights`,
  );
}
