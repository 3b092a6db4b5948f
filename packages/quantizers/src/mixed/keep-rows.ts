import { packedRowBytes, type CodePlane, type UniformMatrix } from "@qsae/runtime";

/** Some rows of a matrix, by their numbers. Codes are not unpacked, as rows start at a byte. Scales that rows share stay. */
export function keepRows(matrix: UniformMatrix, rowNumbers: readonly number[]): UniformMatrix {
  const rows = rowNumbers.length;
  if (matrix.kind === "float32") return { ...matrix, rows, values: rowsOf(matrix.values, matrix.cols, rowNumbers) };
  const [min, max] = matrix.codes;
  const rowBytes = packedRowBytes(matrix.cols, max - min + 1);
  const planes = matrix.planes.map((plane): CodePlane => {
    const [scaleRows, groups] = plane.scaleShape;
    const packed = rowsOf(plane.packed, rowBytes, rowNumbers);
    if (scaleRows === 1) return { ...plane, packed };
    return { ...plane, packed, scale: rowsOf(plane.scale, groups, rowNumbers), scaleShape: [rows, groups] };
  });
  return { ...matrix, rows, planes };
}

/** @param all `[.., width]` */
function rowsOf<A extends Float32Array | Uint8Array>(all: A, width: number, rowNumbers: readonly number[]): A {
  const kept = new (all.constructor as new (length: number) => A)(rowNumbers.length * width);
  for (const [i, row] of rowNumbers.entries()) kept.set(all.subarray(row * width, (row + 1) * width), i * width);
  return kept;
}
