/** `sum += weight * z W_dec` for one token's latents: four atoms per pass, so that a sum is loaded and stored a quarter as often. */
import type { Latents } from "../latents.ts";

/**
 * @param sum `[.., d_in]`, the token's row starting at `at`
 * @param dictionary `[d_sae, d_in]` of the stage whose first latent is number `start`
 */
export function addAtoms(
  sum: Float64Array,
  at: number,
  dIn: number,
  dictionary: Float32Array,
  start: number,
  { indices, values }: Pick<Latents, "indices" | "values">,
  begin: number,
  end: number,
  weight: number,
): void {
  let e = begin;
  for (; e + 4 <= end; e += 4) {
    const r0 = (indices[e]! - start) * dIn;
    const r1 = (indices[e + 1]! - start) * dIn;
    const r2 = (indices[e + 2]! - start) * dIn;
    const r3 = (indices[e + 3]! - start) * dIn;
    const v0 = weight * values[e]!;
    const v1 = weight * values[e + 1]!;
    const v2 = weight * values[e + 2]!;
    const v3 = weight * values[e + 3]!;
    for (let d = 0; d < dIn; d++) {
      sum[at + d]! +=
        v0 * dictionary[r0 + d]! + v1 * dictionary[r1 + d]! + v2 * dictionary[r2 + d]! + v3 * dictionary[r3 + d]!;
    }
  }
  for (; e < end; e++) {
    const row = (indices[e]! - start) * dIn;
    const value = weight * values[e]!;
    for (let d = 0; d < dIn; d++) sum[at + d]! += value * dictionary[row + d]!;
  }
}
