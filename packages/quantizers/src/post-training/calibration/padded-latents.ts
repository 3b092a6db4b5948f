import type { TensorOps, TopKLatents } from "@qsae/core";
import type { LatentCodes } from "./latent-codes.ts";

export interface PaddedBatch {
  /** Number of its first token. */
  readonly first: number;
  readonly latents: TopKLatents;
}

/**
 * The codes as tensors, `batchTokens` tokens at a time, with as many entries per token as the fullest one of the batch has;
 * those added are 0. The caller disposes them.
 */
export function paddedLatents(
  ops: TensorOps,
  { tokens, dSae, offsets, indices, values }: LatentCodes,
  batchTokens: number,
): PaddedBatch[] {
  const batches: PaddedBatch[] = [];
  for (let first = 0; first < tokens; first += batchTokens) {
    const n = Math.min(batchTokens, tokens - first);
    let k = 1;
    for (let token = first; token < first + n; token++) k = Math.max(k, offsets[token + 1]! - offsets[token]!);
    const padded = { values: new Float32Array(n * k), indices: new Int32Array(n * k) };
    for (let row = 0; row < n; row++) {
      const [from, to] = [offsets[first + row]!, offsets[first + row + 1]!];
      padded.values.set(values.subarray(from, to), row * k);
      padded.indices.set(indices.subarray(from, to), row * k);
    }
    batches.push({
      first,
      latents: {
        values: ops.tensor(padded.values, [n, k]),
        indices: ops.tensor(padded.indices, [n, k], "int32"),
        dSae,
      },
    });
  }
  return batches;
}
