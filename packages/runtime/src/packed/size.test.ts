import { describe, expect, it } from "vitest";
import { packCodes } from "./bit-packing.ts";
import type { CodeMatrix, PackedMatrix, PackedSae } from "./schema.ts";
import { bitsPerWeight } from "./size.ts";

const rows = 8;
const cols = 40;
const float: PackedMatrix = { kind: "float32", rows, cols, values: new Float32Array(rows * cols) };
const codesOf = (
  codes: CodeMatrix["codes"],
  rule: CodeMatrix["rule"],
  scaleDtype: "F16" | "F32",
  planes = 1,
): CodeMatrix => ({
  kind: "codes",
  rows,
  cols,
  codes,
  rule,
  planes: Array.from({ length: planes }, () => ({
    packed: packCodes(Array<number>(rows * cols).fill(codes[0]), rows, cols, codes),
    scale: new Float32Array(rows),
    scaleShape: [rows, 1],
    scaleDtype,
  })),
  quantizer: { id: "test", options: {} },
});

function saeOf(...stages: readonly (readonly [encoder: PackedMatrix, dictionary: PackedMatrix])[]): PackedSae {
  return {
    dIn: cols,
    stages: stages.map(([encoder, dictionary]) => ({
      dSae: rows,
      input: { kind: "x" },
      subtractBDec: false,
      encoder,
      bEnc: new Float32Array(rows),
      selection: { kind: "sign" },
      dictionary,
      bDec: new Float32Array(cols),
      outputWeight: 1,
    })),
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}

describe("bitsPerWeight", () => {
  const ternary = codesOf([-1, 1], { kind: "affine" }, "F16"); // 8 bytes per row + 2: 2 bits per weight
  const binary = codesOf([0, 1], { kind: "table", levels: [-1, 1] }, "F32"); // 5 bytes per row + 4, and a table of 8

  it("counts codes, scales and tables", () => {
    expect(bitsPerWeight(saeOf([ternary, binary]))).toEqual({
      total: (8 * (8 * 10 + 8 * 9 + 8)) / 640,
      encoder: 2,
      dictionary: (8 * (8 * 9 + 8)) / 320,
    });
  });

  it("counts every plane of a sum", () => {
    const stack = codesOf([-1, 1], { kind: "sum", planes: 2, each: { kind: "affine" } }, "F16", 2);
    expect(bitsPerWeight(saeOf([stack, ternary]))).toEqual({ total: 3, encoder: 4, dictionary: 2 });
  });

  it("leaves float matrices out, and is 32 where all are float", () => {
    expect(bitsPerWeight(saeOf([float, ternary]))).toEqual({ total: 2, encoder: 32, dictionary: 2 });
    expect(bitsPerWeight(saeOf([float, float]))).toEqual({ total: 32, encoder: 32, dictionary: 32 });
    expect(bitsPerWeight(saeOf([float, float], [ternary, ternary]))).toEqual({ total: 2, encoder: 2, dictionary: 2 });
  });
});
