/** Euclidean norms of atoms, the rows of the dictionary: `sqrt(sum_c W_dec[j, c]^2)`. */
import { rowReader, type PackedSae } from "@qsae/runtime";

/** Norm of every atom as it is stored (quantized ones dequantized), stage after stage: `[d_sae]` in float64. */
export function atomNorms({ dIn, stages }: Pick<PackedSae, "dIn" | "stages">): Float64Array {
  const norms = new Float64Array(stages.reduce((sum, { dSae }) => sum + dSae, 0));
  const atom = new Float32Array(dIn);
  let at = 0;
  for (const { dSae, dictionary } of stages) {
    const readAtom = rowReader(dictionary);
    for (let j = 0; j < dSae; j++) {
      readAtom(j, atom);
      norms[at++] = Math.sqrt(atom.reduce((sum, value) => sum + value * value, 0));
    }
  }
  return norms;
}
