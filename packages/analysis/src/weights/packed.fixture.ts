/** Small packed SAEs for tests. */
import {
  NO_PART,
  packCodes,
  type CodeMatrix,
  type FloatMatrix,
  type MixedMatrix,
  type PackedMatrix,
  type PackedSae,
} from "@qsae/runtime";

export function floatMatrix(rows: readonly (readonly number[])[]): FloatMatrix {
  return { kind: "float32", rows: rows.length, cols: rows[0]!.length, values: Float32Array.from(rows.flat()) };
}

/** Affine codes with one scale per row. */
export function codeMatrix(
  rows: readonly (readonly number[])[],
  scale: readonly number[],
  codes: readonly [number, number] = [-1, 1],
): CodeMatrix {
  const [n, cols] = [rows.length, rows[0]!.length];
  return {
    kind: "codes",
    rows: n,
    cols,
    codes,
    rule: { kind: "affine" },
    planes: [
      {
        packed: packCodes(rows.flat(), n, cols, codes),
        scale: Float32Array.from(scale),
        scaleShape: [n, 1],
        scaleDtype: "F32",
      },
    ],
    quantizer: { id: "ternary", options: {} },
  };
}

/** @param partOfRow undefined where no part holds the row */
export function mixedMatrix(
  partOfRow: readonly (number | undefined)[],
  ...parts: readonly (FloatMatrix | CodeMatrix)[]
): MixedMatrix {
  return {
    kind: "mixed",
    rows: partOfRow.length,
    cols: parts[0]!.cols,
    partOfRow: Uint8Array.from(partOfRow, (part) => part ?? NO_PART),
    parts,
  };
}

/** One stage per pair of matrices, ReLU. */
export function packedSae(
  ...stages: readonly (readonly [encoder: PackedMatrix, dictionary: PackedMatrix])[]
): PackedSae {
  const dIn = stages[0]![0].cols;
  return {
    dIn,
    stages: stages.map(([encoder, dictionary], s) => ({
      dSae: encoder.rows,
      input: s === 0 ? { kind: "x" } : { kind: "residual", factor: 1 },
      subtractBDec: false,
      encoder,
      bEnc: new Float32Array(encoder.rows),
      selection: { kind: "threshold", threshold: new Float32Array(encoder.rows) },
      dictionary,
      bDec: new Float32Array(dIn),
      outputWeight: 1,
    })),
    description: { variant: "ternary", config: { d_in: dIn }, provenance: { data: "toy" }, metrics: {} },
  };
}
