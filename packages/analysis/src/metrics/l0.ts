/**
 * L0: number of non-zero latents per token, its mean over the evaluation set and its distribution.
 *
 *     L0 = sum_i |{ j : z_ij != 0 }| / n
 */
import { QsaeError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";

export interface L0Result {
  /** Mean number of non-zero latents per token. */
  readonly mean: number;
  /** `histogram[m]` tokens have exactly m non-zero latents; ends at the largest m that occurs. */
  readonly histogram: Float64Array;
  /** Tokens evaluated. */
  readonly tokens: number;
}

/**
 * The L0 metric.
 *
 * Errors on use: `QsaeError` when there are no tokens.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { l0: l0() } });
 * metrics.l0.mean; // 32 for a TopK SAE with k = 32
 */
export function l0(): Metric<L0Result> {
  return {
    id: "l0",
    start({ dSae }) {
      const histogram = new Float64Array(dSae + 1);
      let active = 0;
      let tokens = 0;
      let largest = 0;
      return {
        update({ n, latents: { offsets, values } }) {
          for (let i = 0; i < n; i++) {
            let count = 0;
            for (let e = offsets[i]!; e < offsets[i + 1]!; e++) if (values[e] !== 0) count++;
            histogram[count]! += 1;
            active += count;
            largest = Math.max(largest, count);
          }
          tokens += n;
        },
        finish() {
          if (tokens === 0) throw new QsaeError("l0: no tokens were evaluated; give at least 1");
          return { mean: active / tokens, histogram: histogram.slice(0, largest + 1), tokens };
        },
      };
    },
  };
}
