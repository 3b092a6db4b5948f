/**
 * The tokens on which each latent fires strongest: what people look at to name a latent. Rows of the data are kept, so that
 * whoever has the token ids can show the contexts.
 */
import { UsageError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { topEntries } from "../top-entries.ts";

export interface TopTokensOptions {
  /** Tokens kept per latent; memory is `8 perLatent d_sae` bytes. Default 10. */
  readonly perLatent?: number;
}

/** In compressed-row form: the strongest token of a latent first, of equal ones the earlier row. */
export interface TopTokens {
  /** `[d_sae + 1]`; latent j owns entries `offsets[j] .. offsets[j + 1]`, none if it never fired, at most `perLatent`. */
  readonly offsets: Int32Array;
  /** Row numbers in the source. */
  readonly rows: Int32Array;
  /** The latent's value on that token. */
  readonly values: Float32Array;
}

/**
 * The top-tokens metric. Results depend neither on the order of tokens nor on the batches.
 *
 * @throws UsageError if `perLatent` is not a positive integer
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { top: topTokens({ perLatent: 20 }) } });
 * const { offsets, rows, values } = metrics.top;
 * rows.subarray(offsets[7], offsets[8]); // where latent 7 fires strongest
 */
export function topTokens({ perLatent = 10 }: TopTokensOptions = {}): Metric<TopTokens> {
  if (!Number.isInteger(perLatent) || perLatent < 1) {
    throw new UsageError(`topTokens: perLatent=${perLatent} is not a positive integer`);
  }
  return {
    id: "top_tokens",
    start({ dSae }) {
      const top = topEntries(dSae, perLatent);
      return {
        update({ n, rows, latents: { offsets, indices, values } }) {
          for (let i = 0; i < n; i++) {
            const row = rows[i]!;
            for (let e = offsets[i]!; e < offsets[i + 1]!; e++) {
              if (values[e] !== 0) top.offer(indices[e]!, values[e]!, row);
            }
          }
        },
        finish() {
          const { offsets, ids, values } = top.sorted();
          return { offsets, rows: ids, values };
        },
      };
    },
  };
}
