/** Small packed SAEs for tests, from seeded noise. */
import { normals } from "@qsae/core";
import {
  NO_PART,
  packCodes,
  type CodeMatrix,
  type FloatMatrix,
  type PackedMatrix,
  type PackedSae,
  type PackedStage,
} from "@qsae/runtime";

function floats(rows: number, cols: number, seed: number): FloatMatrix {
  return { kind: "float32", rows, cols, values: normals(rows * cols, 0.3, seed) };
}

function ternary(rows: number, cols: number, seed: number): CodeMatrix {
  const codes = Array.from(normals(rows * cols, 1, seed), (value) => Math.sign(Math.round(value)) + 0);
  return {
    kind: "codes",
    rows,
    cols,
    codes: [-1, 1],
    rule: { kind: "affine" },
    planes: [
      {
        packed: packCodes(codes, rows, cols, [-1, 1]),
        scale: new Float32Array(rows).fill(0.25),
        scaleShape: [rows, 1],
        scaleDtype: "F16",
      },
    ],
    quantizer: { id: "ternary", options: {} },
  };
}

function stage(dIn: number, dSae: number, seed: number): PackedStage {
  return {
    dSae,
    input: { kind: "x" },
    subtractBDec: false,
    encoder: floats(dSae, dIn, seed),
    bEnc: new Float32Array(dSae),
    selection: { kind: "topk", k: 3, relu: true },
    dictionary: ternary(dSae, dIn, seed + 1),
    bDec: normals(dIn, 0.1, seed + 2),
    outputWeight: 1,
  };
}

const description = (metrics: Record<string, number>): PackedSae["description"] => ({
  variant: "test",
  config: {},
  provenance: {},
  metrics,
});

/** A residual stack of two stages, the second with switches. */
export function stackOfTwo(dIn: number, metrics: Record<string, number> = {}): PackedSae {
  const second: PackedStage = {
    ...stage(dIn, 16, 7),
    input: { kind: "residual", factor: 2 },
    selection: { kind: "sign", k: 4 },
    outputWeight: 0.5,
  };
  return { dIn, stages: [stage(dIn, 24, 1), second], description: description(metrics) };
}

/** One stage with three nested prefixes. */
export function nested(dIn: number): PackedSae {
  return { dIn, stages: [{ ...stage(dIn, 32, 11), prefixEnds: [4, 12, 32] }], description: description({}) };
}

/** One stage whose dictionary has 3 float atoms, 12 + 4 ternary ones in two parts, and 5 that no part holds. */
export function mixed(dIn: number): PackedSae {
  const partOfRow = Uint8Array.from({ length: 24 }, (_, j) => (j < 3 ? 1 : j < 15 ? 0 : j < 19 ? 2 : NO_PART));
  const parts = [ternary(12, dIn, 21), floats(3, dIn, 22), ternary(4, dIn, 23)];
  const dictionary: PackedMatrix = { kind: "mixed", rows: 24, cols: dIn, partOfRow, parts };
  return { dIn, stages: [{ ...stage(dIn, 24, 20), dictionary }], description: description({}) };
}

/** Float: the positive and negative parts of x are its latents, so that it gives x back as it is. */
export function exact(dIn: number): PackedSae {
  const signs = Float32Array.from({ length: 2 * dIn * dIn }, (_, at) => {
    const [latent, d] = [Math.floor(at / dIn), at % dIn];
    return latent % dIn !== d ? 0 : latent < dIn ? 1 : -1;
  });
  const matrix: FloatMatrix = { kind: "float32", rows: 2 * dIn, cols: dIn, values: signs };
  const plain = { ...stage(dIn, 2 * dIn, 30), encoder: matrix, dictionary: matrix, bDec: new Float32Array(dIn) };
  return {
    dIn,
    stages: [{ ...plain, selection: { kind: "topk", k: dIn, relu: true } }],
    description: description({}),
  };
}

/** Float, of so many latents that never fire, with zero atoms. */
export function dead(dIn: number, dSae: number): PackedSae {
  const zeros: FloatMatrix = { kind: "float32", rows: dSae, cols: dIn, values: new Float32Array(dSae * dIn) };
  const plain = { ...stage(dIn, dSae, 40), encoder: zeros, dictionary: zeros };
  return {
    dIn,
    stages: [{ ...plain, selection: { kind: "threshold", threshold: new Float32Array(dSae) } }],
    description: description({}),
  };
}

/** Float, of one latent: the positive part of the first dimension. */
export function single(dIn: number): PackedSae {
  const first: FloatMatrix = { kind: "float32", rows: 1, cols: dIn, values: new Float32Array(dIn) };
  first.values[0] = 1;
  return {
    dIn,
    stages: [
      { ...stage(dIn, 1, 50), encoder: first, dictionary: first, selection: { kind: "topk", k: 1, relu: true } },
    ],
    description: description({}),
  };
}
