/**
 * How far the reconstructions of two SAEs are from each other, in the units of FVU:
 *
 *     sum_i ||yhat_i - yhat'_i||^2 / sum_i ||y_i - mean(y)||^2
 *
 * with yhat of the SAE that is evaluated, yhat' of another one on the same activations, y the target of a transcoder, else x: the
 * FVU of the one as a reconstruction of the other. Where the errors of quantization are uncorrelated with what the float
 * SAE leaves unexplained, it is the increase of FVU.
 */
import { UsageError, type Sae } from "@qsae/runtime";
import type { Metric } from "@qsae/core";
import { positiveVariation } from "./fvu.ts";
import { squaredResiduals } from "./squared-residuals.ts";
import { streamingMoments } from "./streaming-moments.ts";
import { wanted } from "./wanted.ts";

/**
 * The output-error metric against `other`, which may have other latents, but not another width.
 *
 * Errors on use: `UsageError` if the widths differ; otherwise those of {@link fvu}.
 *
 * @example
 * const { metrics } = await evaluateSae(loadSae(int4), heldOut, { metrics: { output: outputError(loadSae(float)) } });
 * metrics.output; // 0.004
 */
export function outputError(other: Pick<Sae, "dIn" | "encode" | "decode">): Metric<number> {
  return {
    id: "output_error",
    start({ dIn }) {
      if (other.dIn !== dIn) {
        throw new UsageError(
          `outputError: the other SAE is of width d_in=${other.dIn}, the evaluated one of d_in=${dIn}; ` +
            "compare SAEs of the same activations",
        );
      }
      const moments = streamingMoments(dIn);
      let distance = 0;
      return {
        update(batch) {
          const { x, reconstruction, n } = batch;
          const others = other.decode(other.encode(x), { x }); // [n, d_in]
          distance += squaredResiduals("outputError", { ...batch, target: others }, reconstruction);
          moments.update(wanted(batch), n);
        },
        finish: () => distance / positiveVariation(moments.totalVariation(), moments.count()),
      };
    },
  };
}
