/**
 * Density of a latent: the fraction of tokens where it fires (is non-zero). From it: dead latents, which never fired in the
 * N tokens seen (N is part of the result: a latent dead in 10,000 tokens may fire in 10 million), and dense ones, which
 * fire so often that they are rarely interpretable.
 */
import { QsaeError, UsageError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { equalWidthHistogram, type Histogram } from "../histogram.ts";

const BINS_PER_DECADE = 4;

export interface LatentDensityOptions {
  /** A latent is dense when its density is above this. Between 0 and 1; default 0.1. */
  readonly denseAbove?: number;
}

export interface LatentDensity {
  /** N: tokens evaluated. */
  readonly tokens: number;
  /** `[d_sae]` tokens on which each latent fired; density is `counts[j] / tokens`. */
  readonly counts: Float64Array;
  /** Latents that never fired in `tokens` tokens. */
  readonly dead: number;
  /** Latents whose density is above `denseAbove`, ascending. */
  readonly dense: readonly number[];
  readonly denseAbove: number;
  /** Histogram of log10(density) over latents that fired, in quarter decades from below `1 / tokens` up to 0. */
  readonly log10Histogram: Histogram;
}

/**
 * The density metric.
 *
 * Errors on use: `QsaeError` when there are no tokens.
 *
 * @throws UsageError if `denseAbove` is not between 0 and 1
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { density: latentDensity() } });
 * console.log(`${metrics.density.dead} latents dead in ${metrics.density.tokens} tokens`);
 */
export function latentDensity({ denseAbove = 0.1 }: LatentDensityOptions = {}): Metric<LatentDensity> {
  if (!(denseAbove >= 0 && denseAbove <= 1)) {
    throw new UsageError(`latentDensity: denseAbove=${denseAbove} is not a fraction of tokens; give 0 to 1`);
  }
  return {
    id: "latent_density",
    start({ dSae }) {
      const counts = new Float64Array(dSae);
      let tokens = 0;
      return {
        update({ n, latents: { offsets, indices, values } }) {
          for (let e = offsets[0]!; e < offsets[n]!; e++) if (values[e] !== 0) counts[indices[e]!]! += 1;
          tokens += n;
        },
        finish() {
          if (tokens === 0) throw new QsaeError("latentDensity: no tokens were evaluated; give at least 1");
          const dense: number[] = [];
          let dead = 0;
          counts.forEach((count, j) => {
            if (count === 0) dead++;
            if (count / tokens > denseAbove) dense.push(j);
          });
          return { tokens, counts, dead, dense, denseAbove, log10Histogram: log10Histogram(counts, tokens) };
        },
      };
    },
  };
}

function log10Histogram(counts: Float64Array, tokens: number): Histogram {
  const bins = Math.max(1, Math.ceil(Math.log10(tokens) * BINS_PER_DECADE));
  const logs = counts.filter((count) => count > 0).map((count) => Math.log10(count) - Math.log10(tokens));
  return equalWidthHistogram(logs, -bins / BINS_PER_DECADE, 0, bins);
}
