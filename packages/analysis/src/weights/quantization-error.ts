/**
 * Relative error of every atom against a float reference w:
 *
 *     e_j = ||q_j - w_j|| / ||w_j||
 *
 * An atom that is 0 in the reference has no relative error and is left out.
 */
import { rowReader, UsageError, type PackedSae } from "@qsae/runtime";

/**
 * Relative errors of the atoms of `sae`, stage after stage, in float64.
 *
 * @throws UsageError if the two do not have the same number of stages, latents and dimensions
 */
export function quantizationError(
  sae: Pick<PackedSae, "dIn" | "stages">,
  reference: Pick<PackedSae, "dIn" | "stages">,
): Float64Array {
  const [given, wanted] = [shapeOf(sae), shapeOf(reference)];
  if (given !== wanted) {
    throw new UsageError(
      `quantizationError: the SAE has dictionaries ${given}, the reference ${wanted}; ` +
        `compare an SAE with the float one it was quantized from`,
    );
  }
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

/** `[2048, 256]`, one per stage. */
function shapeOf({ dIn, stages }: Pick<PackedSae, "dIn" | "stages">): string {
  return stages.map(({ dSae }) => `[${dSae}, ${dIn}]`).join(" ");
}
