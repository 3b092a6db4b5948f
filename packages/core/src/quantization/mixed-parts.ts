/** Mixed matrices put together from parts and taken apart again: whoever makes codes need not know how rows are numbered. */
import { NO_PART, UsageError, type MixedMatrix, type PackedMatrix, type UniformMatrix } from "@qsae/runtime";

/** Some rows of a matrix, stored alike. */
export interface MixedPart {
  /** Which rows of the whole they are, ascending: row i of `matrix` is row `rowNumbers[i]`. */
  readonly rowNumbers: ArrayLike<number>;
  readonly matrix: UniformMatrix;
}

/**
 * A mixed matrix `[rows, cols]` from its parts. Parts without rows are left out; rows that no part names are zero rows.
 *
 * @throws UsageError if row numbers do not exist, do not ascend, are in two parts or are not as many as a part has rows, if
 *   parts have other columns, or if there are more than 255
 * @example
 * const parts = [
 *   { rowNumbers: [0, 3], matrix: await packMatrix(ops, ternary(), first) }, // [2, cols]
 *   { rowNumbers: [1], matrix: await packMatrix(ops, int(4), second) }, // [1, cols]
 * ];
 * const mixed = assembleMixed([4, cols], parts); // row 2 is zero
 */
export function assembleMixed(
  [rows, cols]: readonly [rows: number, cols: number],
  parts: readonly MixedPart[],
): MixedMatrix {
  const kept = parts.filter(({ rowNumbers }) => rowNumbers.length > 0);
  if (kept.length > NO_PART)
    throw new UsageError(`assembleMixed: ${kept.length} parts; at most ${NO_PART} are allowed`);
  const partOfRow = new Uint8Array(rows).fill(NO_PART); // [rows]
  for (const [index, { rowNumbers, matrix }] of kept.entries()) {
    if (matrix.rows !== rowNumbers.length || matrix.cols !== cols) {
      throw new UsageError(
        `assembleMixed: part ${index} is [${matrix.rows}, ${matrix.cols}]; ` +
          `expected [${rowNumbers.length}, ${cols}], a row for each of its row numbers`,
      );
    }
    let previous = -1;
    for (const row of Array.from(rowNumbers)) {
      if (!Number.isInteger(row) || row <= previous || row >= rows) {
        throw new UsageError(
          `assembleMixed: part ${index} has row ${row} after ${previous}; row numbers ascend within 0..${rows - 1}`,
        );
      }
      if (partOfRow[row] !== NO_PART) {
        throw new UsageError(`assembleMixed: row ${row} is in part ${partOfRow[row]} and in part ${index}`);
      }
      partOfRow[row] = index;
      previous = row;
    }
  }
  return { kind: "mixed", rows, cols, partOfRow, parts: kept.map(({ matrix }) => matrix) };
}

/** The inverse of {@link assembleMixed}; a matrix that is not mixed is one part. */
export function partsOf(matrix: PackedMatrix): readonly MixedPart[] {
  if (matrix.kind !== "mixed") return [{ rowNumbers: Array.from({ length: matrix.rows }, (_, row) => row), matrix }];
  const rowNumbers: number[][] = matrix.parts.map(() => []);
  for (const [row, part] of matrix.partOfRow.entries()) if (part !== NO_PART) rowNumbers[part]!.push(row);
  return matrix.parts.map((part, index) => ({ rowNumbers: rowNumbers[index]!, matrix: part }));
}
