/** The distribution of L0 in a few figures, from its histogram. */
import { QsaeError } from "@qsae/runtime";
import type { L0Result } from "../metrics/l0.ts";

/** Numbers of non-zero latents; each is one that a token has (the smallest that reaches the quantile). */
export interface L0Quantiles {
  readonly min: number;
  readonly p05: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly max: number;
}

/**
 * @throws QsaeError if no token was counted
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { l0: l0() } });
 * l0Quantiles(metrics.l0).p95; // at least 95 % of tokens have no more
 */
export function l0Quantiles({ histogram }: Pick<L0Result, "histogram">): L0Quantiles {
  const tokens = histogram.reduce((sum, count) => sum + count, 0);
  if (tokens === 0) throw new QsaeError("l0Quantiles: no tokens were counted; give at least 1");
  const quantile = (share: number): number => {
    let below = 0;
    return histogram.findIndex((count) => count > 0 && (below += count) >= share * tokens);
  };
  return {
    min: quantile(0),
    p05: quantile(0.05),
    p25: quantile(0.25),
    median: quantile(0.5),
    p75: quantile(0.75),
    p95: quantile(0.95),
    max: histogram.findLastIndex((count) => count > 0),
  };
}
