import type { DataSource, TensorOps } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import { stageSource } from "../tune/stage-source.ts";
import type { WorkingSae } from "../working-sae.ts";
import { encodeTokens } from "./encode-tokens.ts";
import type { SampleOptions } from "./tokens.ts";

export interface MeanSquares {
  /** `E[z^2]` of every latent, zeros included `[d_sae]` */
  readonly values: Float64Array;
  /** That were looked at. */
  readonly tokens: number;
}

const BATCH_TOKENS = 4096;

/**
 * `E[z^2]` over `tokens` tokens of one shuffled pass, or all where the source has fewer. Holds one batch in memory.
 *
 * @throws UsageError if the width of the data is not that of the SAE, or it has no tokens
 */
export async function latentMeanSquares(
  ops: TensorOps,
  sae: WorkingSae,
  source: DataSource,
  { tokens: wanted, seed }: SampleOptions,
): Promise<MeanSquares> {
  const { dIn, dSae } = sae;
  if (source.dIn !== dIn) {
    throw new UsageError(`importance: the data has d_in=${source.dIn}, the SAE d_in=${dIn}; they must be equal`);
  }
  if (source.tokens < 1) throw new UsageError("importance: the data has no tokens; give activations of the SAE's hook");
  const sums = new Float64Array(dSae);
  let tokens = 0;
  const batchSize = Math.min(BATCH_TOKENS, source.tokens, wanted);
  for await (const { x, n } of stageSource(sae.origin, source).batches({ batchSize, seed })) {
    const rows = Math.min(n, wanted - tokens);
    const batch = x.subarray(0, rows * dIn); // [rows, d_in]
    const { indices, values } = await encodeTokens(ops, sae, { tokens: rows, dIn, x: batch, target: batch });
    for (const [entry, j] of indices.entries()) sums[j]! += values[entry]! ** 2;
    tokens += rows;
    if (tokens >= wanted) break;
  }
  return { values: sums.map((sum) => sum / tokens), tokens };
}
