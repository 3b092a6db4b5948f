import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packCodes } from "./bit-packing.ts";
import type { CodeMatrix, PackedMatrix, PackedSae } from "./schema.ts";
import { arbitrarySae } from "../../test/arbitrary-sae.ts";
import { safetensorsHeaderLength } from "../safetensors/header.ts";
import { cutAfter, levelsOf } from "./levels.ts";
import { decodePackedSae, encodePackedSae } from "./packed-file.ts";
import { bitsPerWeight, sizeByLevel } from "./size.ts";

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

describe("sizeByLevel", () => {
  const ternary = codesOf([-1, 1], { kind: "affine" }, "F16"); // 8 bytes per row + 2
  const binary = codesOf([0, 1], { kind: "table", levels: [-1, 1] }, "F32"); // 5 bytes per row + 4, and a table of 8
  const nested = saeOf([ternary, binary]);
  /** Bytes of b_enc of so many latents, and of b_dec. */
  const biases = (latents: number) => 4 * latents + 4 * cols;

  it("counts the rows of the latents of a prefix on both sides, and tables whole", () => {
    const sae = { ...nested, stages: [{ ...nested.stages[0]!, prefixEnds: [2, 8] }] };
    expect(sizeByLevel(sae)).toEqual([
      { latents: 2, bitsPerWeight: (8 * (2 * 10 + 2 * 9 + 8)) / (2 * 2 * cols), bytes: 2 * 10 + 2 * 9 + biases(2) },
      { latents: 8, bitsPerWeight: bitsPerWeight(sae).total, bytes: 8 * 10 + 8 * 9 + biases(8) },
    ]);
  });

  it("counts scales that all rows share whole", () => {
    const shared: PackedMatrix = {
      ...ternary,
      planes: ternary.planes.map((plane) => ({ ...plane, scale: Float32Array.of(1, 2), scaleShape: [1, 2] })),
    };
    const stage = { ...saeOf([shared, shared]).stages[0]!, prefixEnds: [3, 8] };
    expect(sizeByLevel({ ...nested, stages: [stage] })[0]).toEqual({
      latents: 3,
      bitsPerWeight: (8 * 2 * (3 * 8 + 4)) / (2 * 3 * cols),
      bytes: 2 * (3 * 8 + 4) + biases(3),
    });
  });

  it("adds stage to stage; float matrices weigh bytes, but not bits of quantized weights", () => {
    expect(sizeByLevel(saeOf([float, ternary], [ternary, ternary]))).toEqual([
      { latents: 8, bitsPerWeight: 2, bytes: 4 * 320 + 80 + biases(8) },
      { latents: 16, bitsPerWeight: 2, bytes: 4 * 320 + 3 * 80 + 2 * biases(8) },
    ]);
    expect(sizeByLevel(saeOf([float, float]))).toEqual([
      { latents: 8, bitsPerWeight: 32, bytes: 2 * 4 * 320 + biases(8) },
    ]);
  });

  it("ends with the whole file but its header, whatever the SAE, and every cut is a file of its own", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae }) => {
        const file = encodePackedSae(sae);
        const sizes = sizeByLevel(sae);
        expect(sizes.at(-1)).toEqual({
          latents: sae.stages.reduce((sum, { dSae }) => sum + dSae, 0),
          bitsPerWeight: bitsPerWeight(sae).total,
          bytes: dataBytes(file),
        });
        for (const [m, level] of levelsOf(sae).entries()) {
          const cut = cutAfter(sae, level);
          const cutFile = encodePackedSae(cut);
          expect(decodePackedSae(cutFile, "cut")).toEqual(cut);
          expect(sizes[m]!.bytes).toBe(dataBytes(cutFile));
        }
      }),
    );
  });

  function dataBytes(file: Uint8Array): number {
    return file.length - 8 - safetensorsHeaderLength(file, file.length, "file");
  }
});
