/** L0 of the first m levels of an SAE, m = 1..levels: mean non-zero latents per token among those that take part. */
import { QsaeError, type Sae } from "@qsae/runtime";
import type { Metric } from "@qsae/core";

/**
 * The L0 of every level; the last entry is that of the whole SAE.
 *
 * Errors on use: `QsaeError` when there are no tokens.
 *
 * @param sae the SAE that is being evaluated
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { l0ByLevel: l0ByLevel(sae) } });
 * metrics.l0ByLevel; // [8.1, 17.4, 32]
 */
export function l0ByLevel({ levelEnds }: Pick<Sae, "levelEnds">): Metric<readonly number[]> {
  return {
    id: "l0_by_level",
    start() {
      const active = new Float64Array(levelEnds.length); // that take part from this level on
      let tokens = 0;
      return {
        update({ n, latents: { offsets, indices, values } }) {
          for (let i = 0; i < n; i++) {
            let m = 0;
            for (let e = offsets[i]!; e < offsets[i + 1]!; e++) {
              while (indices[e]! >= levelEnds[m]!) m++; // indices ascend within a token
              if (values[e] !== 0) active[m]! += 1;
            }
          }
          tokens += n;
        },
        finish() {
          if (tokens === 0) throw new QsaeError("l0ByLevel: no tokens were evaluated; give at least 1");
          let sum = 0;
          return Array.from(active, (count) => (sum += count) / tokens);
        },
      };
    },
  };
}
