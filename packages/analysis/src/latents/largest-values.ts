/** The largest value of each latent: the scale on which its other values are read. */
import type { Metric } from "@qsae/core";

/**
 * The largest-values metric: `[d_sae]`, 0 of latents that never fired.
 *
 * @example
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { largest: largestValues() } });
 */
export function largestValues(): Metric<Float32Array> {
  return {
    id: "largest_values",
    start({ dSae }) {
      const largest = new Float32Array(dSae).fill(-Infinity);
      return {
        update({ n, latents: { offsets, indices, values } }) {
          for (let e = offsets[0]!; e < offsets[n]!; e++) {
            if (values[e] !== 0 && values[e]! > largest[indices[e]!]!) largest[indices[e]!] = values[e]!;
          }
        },
        finish: () => largest.map((value) => (value === -Infinity ? 0 : value)),
      };
    },
  };
}
