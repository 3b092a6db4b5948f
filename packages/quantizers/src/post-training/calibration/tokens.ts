/** The tokens that post-training methods look at: a sample of a data source, in the space of the SAE's stage. */
import { UsageError, type PackedSae } from "@qsae/runtime";
import type { DataSource } from "@qsae/core";
import { inStageSpace } from "../stage-space.ts";

export interface CalibrationTokens {
  readonly tokens: number;
  readonly dIn: number;
  /** What is encoded: `[tokens, d_in]` */
  readonly x: Float32Array;
  /** What the dictionary has to reconstruct, less the skip connection's part: `[tokens, d_in]`. `x` itself without those. */
  readonly target: Float32Array;
}

export interface SampleOptions {
  readonly tokens: number;
  readonly seed: number;
}

const BATCH_TOKENS = 1024;

/**
 * `tokens` tokens of one shuffled pass, or all where the source has fewer; only they are held in memory.
 *
 * @throws UsageError if the width of the data is not that of the SAE, or it has no tokens
 * @throws NonFiniteError naming the row of an activation that is not finite
 */
export async function sampleTokens(
  sae: PackedSae,
  source: DataSource,
  { tokens: wanted, seed }: SampleOptions,
): Promise<CalibrationTokens> {
  const { dIn } = sae;
  if (source.dIn !== dIn) {
    throw new UsageError(`calibration: the data has d_in=${source.dIn}, the SAE d_in=${dIn}; they must be equal`);
  }
  const tokens = Math.min(wanted, source.tokens);
  if (tokens < 1) throw new UsageError("calibration: the data has no tokens; give activations of the SAE's hook");
  const x = new Float32Array(tokens * dIn);
  const target = new Float32Array(tokens * dIn);
  let filled = 0;
  let apart = sae.skip !== undefined;
  for await (const batch of source.batches({ batchSize: Math.min(BATCH_TOKENS, tokens), seed })) {
    const rows = Math.min(batch.n, tokens - filled);
    const encoded = inStageSpace(sae, batch.x, rows, batch.rows); // [rows, d_in]
    const wanted = batch.target ? inStageSpace(sae, batch.target, rows, batch.rows) : encoded.slice(); // [rows, d_in]
    apart ||= batch.target !== undefined;
    if (sae.skip) subtractProduct(wanted, encoded, sae.skip, rows, dIn);
    x.set(encoded, filled * dIn);
    target.set(wanted, filled * dIn);
    filled += rows;
    if (filled === tokens) break;
  }
  if (filled < tokens) throw new UsageError(`calibration: the data ended after ${filled} of ${tokens} tokens`);
  return { tokens, dIn, x, target: apart ? target : x };
}

/** `out -= x skip` for rows tokens; skip `[d_in, d_in]`. */
function subtractProduct(out: Float64Array, x: Float64Array, skip: Float32Array, rows: number, dIn: number): void {
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < dIn; i++) {
      const value = x[row * dIn + i]!;
      for (let d = 0; d < dIn; d++) out[row * dIn + d]! -= value * skip[i * dIn + d]!;
    }
  }
}
