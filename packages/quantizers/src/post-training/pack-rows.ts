import type { CodeMatrix } from "@qsae/runtime";
import { codeMatrix } from "@qsae/core";
import { partsOf } from "./coded-parts.ts";
import type { CodedRow } from "./coded-rows.ts";

/** Rows as a packed matrix `[rows, cols]`. */
export function packRows(rows: readonly CodedRow[], cols: number): CodeMatrix {
  const [part] = partsOf(rows, cols);
  return codeMatrix(part!.quantizer, part!);
}
