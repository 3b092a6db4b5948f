/**
 * Which latents fire on the same tokens. With `n_i` tokens on which latent i fires, `n_ij` on which both do, of N:
 *
 *     Jaccard(i, j) = n_ij / (n_i + n_j - n_ij)      (Jaccard 1912)
 *     lift(i, j)    = n_ij N / (n_i n_j)             (1: as often as if they were independent)
 *
 * Counts are exact. The table of all pairs never exists (2 GB for 32768 latents): the pass keeps which latents fired on each
 * token, 8 bytes per firing, and the end counts the partners of one latent after the other in an array of `d_sae`. Work
 * is `sum over tokens of L0^2 / 2`.
 *
 * Firings are kept up to `maxFirings`. Of longer streams a sample of tokens is counted: those whose row number hashes to
 * ever fewer values, so that the sample depends neither on order nor on batches, nor on positions in a context.
 */
import { QsaeError, UsageError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { countPairs } from "./count-pairs.ts";
import { jaccardAmong, latentsOfPairs, type JaccardAmong } from "./jaccard-among.ts";
import { rankedPairs, type LatentPair } from "./ranked-pairs.ts";
import { tokenSample } from "./token-sample.ts";

/** As many as a heat map can name. */
const AMONG = 40;

export interface CoactivationOptions {
  /** Length of each list of pairs. Default 100. */
  readonly topPairs?: number;
  /** A pair must have fired together on this many tokens to be listed: few coincidences make a large lift. Default 10. */
  readonly minTogether?: number;
  /** Firings kept, 8 bytes each. Default 2^26: half a GB, 2 million tokens of 32 latents. */
  readonly maxFirings?: number;
}

export interface Coactivation {
  /** N: tokens counted. */
  readonly tokens: number;
  /** Tokens evaluated; more than `tokens` where a sample was taken. */
  readonly tokensSeen: number;
  /** Pairs of latents that fired together on at least one counted token. */
  readonly pairs: number;
  /** Pairs with the largest `n_ij`, Jaccard index and lift, the largest first. */
  readonly byCount: readonly LatentPair[];
  readonly byJaccard: readonly LatentPair[];
  readonly byLift: readonly LatentPair[];
  /** All pairs among the first 40 latents that the lists name, by Jaccard index first: for a heat map. */
  readonly among: JaccardAmong;
}

/**
 * The coactivation metric.
 *
 * Errors on use: `QsaeError` when there are no tokens, or one fires more latents than `maxFirings`.
 *
 * @throws UsageError for options that are no positive integers
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { together: coactivation() } });
 * const { a, b, jaccard } = metrics.together.byJaccard[0]!;
 */
export function coactivation({
  topPairs = 100,
  minTogether = 10,
  maxFirings = 2 ** 26,
}: CoactivationOptions = {}): Metric<Coactivation> {
  for (const [name, value] of Object.entries({ topPairs, minTogether, maxFirings })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UsageError(`coactivation: ${name}=${value} is not a positive integer`);
    }
  }
  return {
    id: "coactivation",
    start({ dSae }) {
      const sample = tokenSample(maxFirings);
      return {
        update({ n, rows, latents: { offsets, indices, values } }) {
          for (let i = 0; i < n; i++) {
            const [from, to] = [offsets[i]!, offsets[i + 1]!];
            sample.add(rows[i]!, indices.subarray(from, to), values.subarray(from, to));
          }
        },
        finish() {
          if (sample.tokensSeen() === 0) {
            throw new QsaeError("coactivation: no tokens were evaluated; give at least 1");
          }
          const { tokens, firings } = sample.kept();
          const ranked = rankedPairs({ topPairs, tokens });
          const pairs = countPairs(dSae, firings, minTogether, ranked.offer);
          const lists = ranked.finish();
          const listed = [...lists.byJaccard, ...lists.byCount, ...lists.byLift];
          const among = jaccardAmong(latentsOfPairs(listed, AMONG), firings);
          return { tokens, tokensSeen: sample.tokensSeen(), pairs, ...lists, among };
        },
      };
    },
  };
}
