/** How much an atom matters: the mean square that it adds to reconstructions, `E[z_j^2] |d_j|^2`. */
import { rowReader, UsageError, type PackedMatrix } from "@qsae/runtime";

/**
 * Importance of every atom `[d_sae]`, 0 for those that never fired or are zero.
 *
 * @param dictionary `[d_sae, d_in]`
 * @param meanSquares `E[z_j^2]` of every latent over calibration tokens, zeros included `[d_sae]`
 * @throws UsageError if the two are not of one length
 */
export function atomImportance(dictionary: PackedMatrix, meanSquares: ArrayLike<number>): Float64Array {
  if (meanSquares.length !== dictionary.rows) {
    throw new UsageError(`atomImportance: ${meanSquares.length} mean squares for ${dictionary.rows} atoms`);
  }
  const readRow = rowReader(dictionary);
  const atom = new Float32Array(dictionary.cols);
  return Float64Array.from(meanSquares, (meanSquare, j) => {
    readRow(j, atom);
    return meanSquare * atom.reduce((sum, weight) => sum + weight * weight, 0);
  });
}
