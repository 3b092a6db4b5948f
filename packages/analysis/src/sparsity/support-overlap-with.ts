/**
 * How far two encoders agree on which latents fire, over a stream (core's `supportOverlap` is that of tokens at hand):
 *
 *     overlap = 2 sum_i |A_i and B_i| / sum_i (|A_i| + |B_i|)
 *
 * with A_i and B_i the latents that fire on token i (Dice 1945), and the same sums over tokens for each latent alone.
 */
import { QsaeError, UsageError, type Latents } from "@qsae/runtime";
import type { Metric, RunnableSae } from "@qsae/core";

export interface SupportOverlapResult {
  /** 1 where nothing fires. */
  readonly overlap: number;
  /** Share of tokens on which the sets differ. */
  readonly changedTokens: number;
  /** `[d_sae]` overlap of each latent: 1 where it fires for neither. */
  readonly perLatent: Float64Array;
  /** Tokens evaluated. */
  readonly tokens: number;
}

/**
 * Overlap of the evaluated SAE with `other` on the same activations. Latent j of one is compared with latent j of the other: they
 * must be forms of one SAE, say float and quantized. `other` is the caller's, who disposes it if it is on a backend.
 *
 * Errors on use: `UsageError` if the two are not of one shape; `QsaeError` when there are no tokens.
 *
 * @example
 * const metrics = { support: supportOverlapWith(loadSae(float)) };
 * const evaluation = await evaluateSae(loadSae(ternary), heldOut, { metrics });
 * evaluation.metrics.support.overlap; // 0.62
 */
export function supportOverlapWith(other: Pick<RunnableSae, "dIn" | "dSae" | "encode">): Metric<SupportOverlapResult> {
  return {
    id: "support_overlap",
    start({ dIn, dSae }) {
      if (other.dIn !== dIn || other.dSae !== dSae) {
        throw new UsageError(
          `supportOverlapWith: the other SAE is d_in=${other.dIn}, d_sae=${other.dSae}, the evaluated one d_in=${dIn}, ` +
            `d_sae=${dSae}; compare forms of one SAE, whose latents have the same numbers`,
        );
      }
      const shared = new Float64Array(dSae); // tokens on which both fire
      const fired = new Float64Array(dSae); // tokens on which one fires, added up over both
      let tokens = 0;
      let changed = 0;
      return {
        async update({ n, x, latents }) {
          const others = await other.encode(x);
          for (let i = 0; i < n; i++) if (compareToken(i, latents, others, shared, fired)) changed++;
          tokens += n;
        },
        finish() {
          if (tokens === 0) throw new QsaeError("supportOverlapWith: no tokens were evaluated; give at least 1");
          return {
            overlap: dice(sumOf(shared), sumOf(fired)),
            changedTokens: changed / tokens,
            perLatent: shared.map((both, j) => dice(both, fired[j]!)),
            tokens,
          };
        },
      };
    },
  };
}

/** Counts one token's latents; returns whether the sets differ. Indices ascend, and only non-zero values are stored. */
function compareToken(token: number, a: Latents, b: Latents, shared: Float64Array, fired: Float64Array): boolean {
  const [endA, endB] = [a.offsets[token + 1]!, b.offsets[token + 1]!];
  let [p, q] = [a.offsets[token]!, b.offsets[token]!];
  let differ = false;
  while (p < endA || q < endB) {
    const ofA = p < endA ? a.indices[p]! : Infinity;
    const ofB = q < endB ? b.indices[q]! : Infinity;
    const latent = Math.min(ofA, ofB);
    if (ofA === latent) p++;
    if (ofB === latent) q++;
    if (ofA === ofB) shared[latent]! += 1;
    else differ = true;
    fired[latent]! += ofA === ofB ? 2 : 1;
  }
  return differ;
}

function dice(shared: number, fired: number): number {
  return fired === 0 ? 1 : (2 * shared) / fired;
}

function sumOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
