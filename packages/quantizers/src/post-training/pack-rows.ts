import type { CodeMatrix, MixedMatrix } from "@qsae/runtime";
import { assembleMixed, codeMatrix } from "@qsae/core";
import { partsOf } from "./coded-parts.ts";
import type { CodedRows } from "./coded-rows.ts";

/**
 * Rows as a packed matrix `[rows, cols]`, mixed where quantizers differ or rows are dropped.
 *
 * @throws UsageError if every row is dropped
 */
export function packRows(rows: CodedRows, cols: number): CodeMatrix | MixedMatrix {
  const parts = partsOf(rows, cols).map((part) => ({
    rowNumbers: part.members,
    matrix: codeMatrix(part.quantizer, part),
  }));
  const [{ matrix }] = parts as [(typeof parts)[0]];
  return matrix.rows === rows.length ? matrix : assembleMixed([rows.length, cols], parts);
}
