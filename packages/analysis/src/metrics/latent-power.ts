/**
 * How strongly each latent fires, `E[z_j^2]` over all tokens, beside the variance of what is reconstructed: the weights with
 * which errors of atoms make errors of reconstructions.
 */
import { NonFiniteError, QsaeError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { positiveVariation } from "./fvu.ts";
import { streamingMoments } from "./streaming-moments.ts";
import { wanted } from "./wanted.ts";

export interface LatentPower {
  /** `[d_sae]` mean of z_j^2 over all tokens; 0 for latents that never fired. */
  readonly meanSquare: Float64Array;
  /** `sum_i ||y_i - mean(y)||^2 / n`, y the target of a transcoder, else x. Positive. */
  readonly variance: number;
  /** Tokens evaluated. */
  readonly tokens: number;
}

/**
 * The latent-power metric.
 *
 * Errors on use: `QsaeError` when there are no tokens or the data have zero variance; `NonFiniteError` for data that are NaN
 * or infinite.
 *
 * @example
 * const { metrics } = await evaluateSae(loadSae(float), heldOut, { metrics: { power: latentPower() } });
 * predictedFvuIncrease(loadSae(ternary), loadSae(float), metrics.power).total;
 */
export function latentPower(): Metric<LatentPower> {
  return {
    id: "latent_power",
    start({ dIn, dSae }) {
      const squares = new Float64Array(dSae);
      const moments = streamingMoments(dIn);
      return {
        update(batch) {
          const { offsets, indices, values } = batch.latents;
          for (let e = offsets[0]!; e < offsets[batch.n]!; e++) squares[indices[e]!]! += values[e]! * values[e]!;
          moments.update(wanted(batch), batch.n);
        },
        finish() {
          const tokens = moments.count();
          if (tokens === 0)
            throw new QsaeError("latentPower: no tokens were evaluated; give at least 2 different ones");
          const total = moments.totalVariation();
          if (!Number.isFinite(total) || !squares.every(Number.isFinite)) {
            throw new NonFiniteError("latentPower: the data or latents are NaN or infinite; check the activations");
          }
          const variance = positiveVariation(total, tokens) / tokens;
          return { meanSquare: squares.map((sum) => sum / tokens), variance, tokens };
        },
      };
    },
  };
}
