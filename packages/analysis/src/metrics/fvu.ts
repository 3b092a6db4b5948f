/**
 * Fraction of variance unexplained over the whole evaluation set:
 *
 *     FVU = sum_i ||y_i - yhat_i||^2 / sum_i ||y_i - mean(y)||^2
 *
 * with y the target of a transcoder, else x; the mean is over the whole set, never an average of batch ratios. Explained
 * variance is `1 - FVU`. 0 is perfect, 1 is as good as answering with the mean, and nothing bounds it above.
 */
import { QsaeError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { squaredResiduals } from "./squared-residuals.ts";
import { streamingMoments } from "./streaming-moments.ts";
import { wanted } from "./wanted.ts";

/**
 * The FVU metric.
 *
 * Errors on use: `NonFiniteError` naming the row of a NaN or infinite value; `QsaeError` when there are no tokens or the
 * data have zero variance, where FVU is undefined.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { fvu: fvu() } });
 * metrics.fvu; // 0.0776
 */
export function fvu(): Metric<number> {
  return {
    id: "fvu",
    start({ dIn }) {
      const moments = streamingMoments(dIn);
      let residual = 0;
      return {
        update(batch) {
          residual += squaredResiduals("fvu", batch);
          moments.update(wanted(batch), batch.n);
        },
        finish: () => residual / positiveVariation(moments.totalVariation(), moments.count()),
      };
    },
  };
}

/**
 * The denominator of FVU, checked.
 *
 * @throws QsaeError if there are no tokens or they are all the same
 */
export function positiveVariation(totalVariation: number, tokens: number): number {
  if (tokens === 0) throw new QsaeError("fvu: no tokens were evaluated; FVU needs at least 2 different ones");
  if (totalVariation > 0) return totalVariation;
  throw new QsaeError(
    `fvu: the data have zero variance (${tokens === 1 ? "1 token" : `all ${tokens} tokens are the same`}), ` +
      `so FVU is undefined; evaluate on at least 2 different tokens`,
  );
}
