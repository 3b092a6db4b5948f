/** How single rows of a packed matrix are stored. */
import {
  bitsPerCode,
  NO_PART,
  packedRowBytes,
  unpackCodes,
  type CodeMatrix,
  type PackedMatrix,
  type UniformMatrix,
} from "@qsae/runtime";

export interface StoredRows {
  /** Bits per weight of a row, over all planes, without scales: 32 for floats, 0 for rows that are not in the file. */
  bits(row: number): number;
  /** The codes of one weight, one per plane; absent where it is a float or not in the file. */
  codes(row: number, column: number): readonly number[] | undefined;
}

export function storedRows(matrix: PackedMatrix): StoredRows {
  if (matrix.kind !== "mixed") {
    return { bits: () => bitsOf(matrix), codes: (row, column) => codesAt(matrix, row, column) };
  }
  const { partOfRow, parts } = matrix;
  return {
    bits: (row) => (partOfRow[row] === NO_PART ? 0 : bitsOf(parts[partOfRow[row]!]!)),
    codes(row, column) {
      const part = partOfRow[row]!;
      if (part === NO_PART) return undefined;
      const before = partOfRow.subarray(0, row).reduce((count, other) => (other === part ? count + 1 : count), 0);
      return codesAt(parts[part]!, before, column);
    },
  };
}

function bitsOf(matrix: UniformMatrix): number {
  return matrix.kind === "float32" ? 32 : matrix.planes.length * bitsPerCode(levelsOf(matrix));
}

function codesAt(matrix: UniformMatrix, row: number, column: number): readonly number[] | undefined {
  if (matrix.kind === "float32") return undefined;
  const bytes = packedRowBytes(matrix.cols, levelsOf(matrix));
  return matrix.planes.map(({ packed }) => {
    const codes = unpackCodes(packed.subarray(row * bytes, (row + 1) * bytes), 1, matrix.cols, matrix.codes);
    return codes[column]!;
  });
}

function levelsOf({ codes: [min, max] }: CodeMatrix): number {
  return max - min + 1;
}
