/**
 * Shrinkage as relative reconstruction bias (Rajamanoharan et al. 2024, "Improving Dictionary Learning with Gated Sparse
 * Autoencoders", arXiv 2404.16014):
 *
 *     gamma = argmin_g sum_i ||xhat_i / g - x_i||^2 = sum_i ||xhat_i||^2 / sum_i xhat_i . x_i
 *
 * 1 is unbiased; below 1 the reconstructions are too short, and dividing them by gamma would reduce the error. Unlike the
 * mean of ||xhat|| / ||x||, it does not count as shrinkage the shortening that any least-squares projection has. Where there
 * is a target (transcoders), it takes the place of x.
 */
import { QsaeError } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { nonFiniteRow } from "./non-finite-row.ts";
import { wanted } from "./wanted.ts";

/**
 * The shrinkage metric.
 *
 * Errors on use: `NonFiniteError` for a NaN or infinite value; `QsaeError` when the reconstructions are zero everywhere or do not
 * correlate positively with the inputs, where no positive rescaling is best.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { shrinkage: shrinkage() } });
 * metrics.shrinkage; // 0.97: dividing reconstructions by 0.97 would reduce the error
 */
export function shrinkage(): Metric<number> {
  return {
    id: "shrinkage",
    start() {
      let squaredNorm = 0;
      let product = 0;
      return {
        update(batch) {
          const { n, dIn, reconstruction } = batch;
          const y = wanted(batch); // [n, d_in]
          for (let i = 0, at = 0; i < n; i++) {
            for (let c = 0; c < dIn; c++, at++) {
              const value = reconstruction[at]!;
              squaredNorm += value * value;
              product += value * y[at]!;
            }
            if (!Number.isFinite(squaredNorm) || !Number.isFinite(product)) throw nonFiniteRow("shrinkage", batch, i);
          }
        },
        finish() {
          if (product > 0) return squaredNorm / product;
          throw new QsaeError(
            `shrinkage: undefined, because sum xhat.x = ${product} is not positive; ` +
              `the reconstructions are zero or point away from the data`,
          );
        },
      };
    },
  };
}
