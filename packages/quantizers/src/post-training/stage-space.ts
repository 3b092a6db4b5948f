import { toStageSpace, type PackedSae } from "@qsae/runtime";

/**
 * Tokens of a batch as the SAE's stage sees them, scaled and rotated: `[n, d_in]`.
 *
 * @param rows row numbers in the source `[n]`, for errors
 * @throws NonFiniteError naming the row and column of a value that is not finite
 */
export function inStageSpace(sae: PackedSae, x: Float32Array, n: number, rows: Int32Array): Float64Array {
  const { dIn, inputScale = 1, rotation } = sae;
  const out = new Float64Array(n * dIn);
  for (let row = 0; row < n; row++) {
    const to = out.subarray(row * dIn, (row + 1) * dIn);
    toStageSpace({ dIn, inputScale, signs: rotation?.signs }, x, row, 1, to, rows[row]! - row);
  }
  return out;
}
