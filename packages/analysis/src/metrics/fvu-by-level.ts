/**
 * FVU with the first m levels of an SAE, m = 1..levels: nested prefixes of a Matryoshka SAE, stages of a residual stack. The last
 * entry is the FVU of the whole SAE.
 */
import type { Metric } from "@qsae/core";
import type { Sae } from "@qsae/runtime";
import { positiveVariation } from "./fvu.ts";
import { squaredResiduals } from "./squared-residuals.ts";
import { streamingMoments } from "./streaming-moments.ts";
import { wanted } from "./wanted.ts";

/**
 * The FVU of every level; decodes each batch once more for every level but the last, whose reconstruction is the batch's.
 *
 * Errors on use: those of {@link fvu}.
 *
 * @param sae the SAE that is being evaluated
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { byLevel: fvuByLevel(sae) } });
 * metrics.byLevel; // [0.31, 0.18, 0.09]
 */
export function fvuByLevel(sae: Pick<Sae, "levels" | "decode">): Metric<readonly number[]> {
  return {
    id: "fvu_by_level",
    start({ dIn }) {
      const moments = streamingMoments(dIn);
      const residuals = new Float64Array(sae.levels);
      return {
        update(batch) {
          const { x, latents, n } = batch; // x: what skip connections read
          for (let m = 0; m < sae.levels - 1; m++) {
            residuals[m]! += squaredResiduals("fvuByLevel", batch, sae.decode(latents, { levels: m + 1, x }));
          }
          residuals[sae.levels - 1]! += squaredResiduals("fvuByLevel", batch);
          moments.update(wanted(batch), n);
        },
        finish() {
          const variation = positiveVariation(moments.totalVariation(), moments.count());
          return Array.from(residuals, (residual) => residual / variation);
        },
      };
    },
  };
}
