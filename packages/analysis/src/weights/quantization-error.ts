/**
 * Relative error of every atom against a float reference w:
 *
 *     e_j = ||q_j - w_j|| / ||w_j||
 *
 * An atom that is 0 in the reference has no relative error and is left out.
 */
import { rowReader, type PackedSae } from "@qsae/runtime";
import { requireSameShape } from "./same-shape.ts";

/**
 * Relative errors of the atoms of `sae`, stage after stage, in float64.
 *
 * @throws UsageError if the two do not have the same number of stages, latents and dimensions
 */
export function quantizationError(
  sae: Pick<PackedSae, "dIn" | "stages">,
  reference: Pick<PackedSae, "dIn" | "stages">,
): Float64Array {
  requireSameShape("quantizationError", sae, reference);
  const errors: number[] = [];
  const atom = new Float32Array(sae.dIn);
  const original = new Float32Array(sae.dIn);
  sae.stages.forEach(({ dSae, dictionary }, s) => {
    const readAtom = rowReader(dictionary);
    const readOriginal = rowReader(reference.stages[s]!.dictionary);
    for (let j = 0; j < dSae; j++) {
      readAtom(j, atom);
      readOriginal(j, original);
      let difference = 0;
      let norm = 0;
      for (let c = 0; c < sae.dIn; c++) {
        difference += (atom[c]! - original[c]!) ** 2;
        norm += original[c]! ** 2;
      }
      if (norm > 0) errors.push(Math.sqrt(difference / norm));
    }
  });
  return Float64Array.from(errors);
}
