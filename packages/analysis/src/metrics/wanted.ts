import type { EvaluatedBatch } from "@qsae/core";

/** What a batch's reconstruction is measured against, `[n, d_in]`: the target of a transcoder, else x itself. */
export function wanted({ x, target }: Pick<EvaluatedBatch, "x" | "target">): Float32Array {
  return target ?? x;
}
