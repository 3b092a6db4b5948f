/**
 * An SAE that reconstructs: tokens are sums of a few unit atoms and some noise, and its encoder is the dual basis, which finds them
 * again exactly; with every selection of the schema.
 */
import { loadSae, type PackedSae, type Selection } from "@qsae/runtime";
import { normals, seededRandom } from "@qsae/core";
import type { CalibrationTokens } from "./calibration/tokens.ts";
import { solveInFloat64 } from "./solve-with-factor.fixture.ts";
import { upperFactor } from "./upper-factor.ts";

export const [dIn, dSae] = [32, 24];

/** Fires where the score is over this; tokens hold an atom 1 to 2 times. */
const FIRES_OVER = 0.7;
const PER_TOKEN = 3;

const vector = (from: number, to: number): Float32Array =>
  Float32Array.from({ length: dSae }, (_, j) => from + ((to - from) * j) / dSae);

export const plantedSelections: readonly (readonly [name: string, Selection])[] = [
  ["topk", { kind: "topk", k: PER_TOKEN, relu: false }],
  ["topk with ReLU", { kind: "topk", k: 5, relu: true }],
  ["threshold", { kind: "threshold", threshold: vector(FIRES_OVER - 0.3, FIRES_OVER + 0.1) }],
  ["sign", { kind: "sign" }],
  ["sign of the k largest", { kind: "sign", k: PER_TOKEN }],
  ["gate", { kind: "gate", magScale: vector(0.8, 1.2), magBias: vector(-0.05, 0.05) }],
];

const atoms = unitRows(normals(dSae * dIn, 1, 71)); // [d_sae, d_in]
const dual = dualBasis(atoms); // [d_sae, d_in]

export interface PlantedShape {
  readonly selection?: Selection;
  readonly subtractBDec?: boolean;
}

export function plantedSae({
  selection = plantedSelections[0]![1],
  subtractBDec = true,
}: PlantedShape = {}): PackedSae {
  const bias = selection.kind === "sign" || selection.kind === "gate" ? -FIRES_OVER : 0;
  const strength = selection.kind === "sign" ? 1.5 : 1;
  return {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec,
        encoder: { kind: "float32", rows: dSae, cols: dIn, values: dual },
        bEnc: new Float32Array(dSae).fill(bias),
        selection,
        dictionary: { kind: "float32", rows: dSae, cols: dIn, values: atoms.map((value) => value * strength) },
        bDec: normals(dIn, 0.05, 72),
        outputWeight: 1,
      },
    ],
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}

/** Activations `[tokens, d_in]`; latents of low number are in more of them. */
export function plantedTokens(
  tokens: number,
  seed: number,
  dead: (latent: number) => boolean = () => false,
): Float32Array {
  const random = seededRandom(seed);
  const alive = Array.from({ length: dSae }, (_, j) => j).filter((j) => !dead(j));
  const x = normals(tokens * dIn, 0.05, seed); // [tokens, d_in]
  for (let token = 0; token < tokens; token++) {
    for (let n = 0; n < PER_TOKEN; n++) {
      const j = alive[Math.floor(alive.length * random() ** 1.5)]!;
      const strength = 1 + random();
      for (let d = 0; d < dIn; d++) x[token * dIn + d]! += strength * atoms[j * dIn + d]!;
    }
  }
  return x;
}

export const calibration = (x: Float32Array): CalibrationTokens => ({ tokens: x.length / dIn, dIn, x, target: x });

/** Mean squared error of what the packed SAE makes of x. */
export function packedError(sae: PackedSae, x: Float32Array): number {
  const reconstruction = loadSae(sae).reconstruct(x);
  return reconstruction.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0) / x.length;
}

function unitRows(rows: Float32Array): Float32Array {
  for (let start = 0; start < rows.length; start += dIn) {
    const row = rows.subarray(start, start + dIn);
    const norm = Math.hypot(...row);
    for (let d = 0; d < dIn; d++) row[d]! /= norm;
  }
  return rows;
}

/** `(A A^T)^-1 A`: each row's product is 1 with its own atom, 0 with all others. */
function dualBasis(rows: Float32Array): Float32Array {
  const gram = new Float64Array(dSae * dSae);
  for (let i = 0; i < dSae; i++) {
    for (let j = 0; j < dSae; j++) {
      for (let d = 0; d < dIn; d++) gram[i * dSae + j]! += rows[i * dIn + d]! * rows[j * dIn + d]!;
    }
  }
  const solution = Float64Array.from(rows);
  upperFactor(gram, dSae);
  solveInFloat64(gram, dSae, solution, dIn);
  return Float32Array.from(solution);
}
