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
import type { Metric } from "@qsae/core";
import { nonFiniteRow } from "./non-finite-row.ts";
import { wanted } from "./wanted.ts";

/**
 * The shrinkage metric.
 *
 * Undefined where the reconstructions are zero everywhere or do not correlate positively with the inputs: no positive
 * rescaling is best there. Dead SAEs are such, and have other figures all the same.
 *
 * Errors on use: `NonFiniteError` for a NaN or infinite value.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { shrinkage: shrinkage() } });
 * metrics.shrinkage; // 0.97: dividing reconstructions by 0.97 would reduce the error
 */
export function shrinkage(): Metric<number | undefined> {
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
        finish: () => (product > 0 ? squaredNorm / product : undefined),
      };
    },
  };
}
