/** Mixed precision packed: every row by a quantizer of its own, rows with the same quantizer together. */
import { UsageError, type HostTensor, type MixedMatrix } from "@qsae/runtime";
import { assembleMixed, packMatrix, type MixedPart, type Quantizer, type TensorOps } from "@qsae/core";

/**
 * Quantizes w `[d_sae, d_in]` row by row. Codes and scales that another method has made already go to `assembleMixed`.
 *
 * @param quantizerOfRow `[d_sae]`; undefined drops the row, which then is zero. Quantizers with the same id and options are
 *   one; a scale per tensor is one per such group of rows.
 * @throws UsageError if there is not one quantizer per row, more than 255 different ones, or a row that is not finite
 * @example
 * const bits = allocateBits(importance, { dIn, budget: 2 });
 * const dictionary = await packMixed(ops, wDec, Array.from(bits, quantizerOfWidth));
 */
export async function packMixed(
  ops: TensorOps,
  w: HostTensor,
  quantizerOfRow: readonly (Quantizer | undefined)[],
): Promise<MixedMatrix> {
  const [rows, cols] = w.shape as [number, number];
  if (quantizerOfRow.length !== rows) {
    throw new UsageError(`packMixed: ${quantizerOfRow.length} quantizers for ${rows} rows; give one per row`);
  }
  const parts: MixedPart[] = [];
  for (const { quantizer, rowNumbers } of groupsOf(quantizerOfRow)) {
    const data = new Float32Array(rowNumbers.length * cols); // [rows of the part, d_in]
    for (const [i, row] of rowNumbers.entries()) {
      const weights = w.data.subarray(row * cols, (row + 1) * cols);
      if (!weights.every(Number.isFinite)) throw new UsageError(`packMixed: row ${row} holds NaN or Inf`);
      data.set(weights, i * cols);
    }
    parts.push({ rowNumbers, matrix: await packMatrix(ops, quantizer, { shape: [rowNumbers.length, cols], data }) });
  }
  return assembleMixed([rows, cols], parts);
}

/** In the order in which their quantizers first occur. */
function groupsOf(quantizerOfRow: readonly (Quantizer | undefined)[]) {
  const groups = new Map<string, { readonly quantizer: Quantizer; readonly rowNumbers: number[] }>();
  for (const [row, quantizer] of quantizerOfRow.entries()) {
    if (quantizer === undefined) continue;
    const key = JSON.stringify([quantizer.id, quantizer.options]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { quantizer, rowNumbers: [row] });
    else group.rowNumbers.push(row);
  }
  return groups.values();
}
