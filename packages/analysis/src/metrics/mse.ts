/**
 * Mean squared error per activation value, y the target of a transcoder, else x:
 *
 *     MSE = sum_i ||y_i - yhat_i||^2 / (n d_in)
 */
import { QsaeError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { squaredResiduals } from "./squared-residuals.ts";

/**
 * The MSE metric, in squared units of the activations.
 *
 * Errors on use: `NonFiniteError` naming the row of a NaN or infinite value; `QsaeError` when there are no tokens.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { mse: mse() } });
 */
export function mse(): Metric<number> {
  return {
    id: "mse",
    start({ dIn }) {
      let residual = 0;
      let tokens = 0;
      return {
        update(batch) {
          residual += squaredResiduals("mse", batch);
          tokens += batch.n;
        },
        finish() {
          if (tokens === 0) throw new QsaeError("mse: no tokens were evaluated; give at least 1");
          return residual / (tokens * dIn);
        },
      };
    },
  };
}
