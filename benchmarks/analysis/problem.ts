/** An SAE that knows what its data are made of, and those data: sparse sums of its atoms, with noise. */
import { mixSeeds, normals, seededRandom, type Batch, type BatchOptions, type DataSource } from "@qsae/core";
import type { PackedSae, Selection } from "@qsae/runtime";

export interface ProblemShape {
  readonly dIn: number;
  readonly dSae: number;
  readonly tokens: number;
  /** Atoms of a token, and latents that fire on it. */
  readonly k: number;
  readonly selection: "topk" | "threshold";
}

/** Popularity of atoms: number j is drawn with a density that falls as j^(1/3 - 1). */
const TAIL = 3;
/** Values of a token's atoms lie between these. */
const VALUES = [2, 2.5] as const;
/** Of the noise, per dimension, in units of an atom's norm over sqrt(d_in). */
const NOISE = 0.5;
/** With this one, as many scores pass as there are atoms in a token, at d_in 512 and k 32. */
const THRESHOLD = 2;

/** Random unit atoms; encoder rows are the atoms. */
export function plantedSae({ dIn, dSae, k, selection }: ProblemShape): PackedSae {
  const atoms = normals(dSae * dIn, 1, 1); // [d_sae, d_in]
  for (let row = 0; row < dSae; row++) {
    const atom = atoms.subarray(row * dIn, (row + 1) * dIn);
    const norm = Math.hypot(...atom);
    for (let d = 0; d < dIn; d++) atom[d]! /= norm;
  }
  const chosen: Selection =
    selection === "topk"
      ? { kind: "topk", k, relu: true }
      : { kind: "threshold", threshold: new Float32Array(dSae).fill(THRESHOLD) };
  const shape = { kind: "float32", rows: dSae, cols: dIn } as const;
  return {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec: true,
        encoder: { ...shape, values: atoms.slice() },
        bEnc: new Float32Array(dSae),
        selection: chosen,
        dictionary: { ...shape, values: atoms },
        bDec: normals(dIn, 0.1, 2),
        outputWeight: 1,
      },
    ],
    description: { variant: "planted", config: {}, provenance: {}, metrics: {} },
  };
}

/** Tokens of the SAE's atoms, made when they are read: every row from its number, the same in every pass and batch. */
export function plantedSource(sae: PackedSae, { dIn, dSae, tokens, k }: ProblemShape): DataSource {
  const [{ dictionary, bDec }] = sae.stages as [PackedSae["stages"][number]];
  const { values: atoms } = dictionary as { values: Float32Array }; // [d_sae, d_in]
  const writeToken = (row: number, x: Float32Array, at: number): void => {
    const random = seededRandom(mixSeeds(3, row));
    for (let d = 0; d < dIn; d++) x[at + d] = bDec[d]! + (NOISE * (2 * random() - 1) * Math.sqrt(3)) / Math.sqrt(dIn);
    for (let a = 0; a < k; a++) {
      const atom = dIn * Math.floor(dSae * random() ** TAIL);
      const value = VALUES[0] + (VALUES[1] - VALUES[0]) * random();
      for (let d = 0; d < dIn; d++) x[at + d]! += value * atoms[atom + d]!;
    }
  };
  async function* batches({ batchSize }: BatchOptions): AsyncGenerator<Batch> {
    for (let first = 0; first < tokens; first += batchSize) {
      const n = Math.min(batchSize, tokens - first);
      const x = new Float32Array(n * dIn); // [n, d_in]
      for (let row = 0; row < n; row++) writeToken(first + row, x, row * dIn);
      yield await Promise.resolve({ x, n, rows: Int32Array.from({ length: n }, (_, row) => first + row) });
    }
  }
  return { dIn, tokens, provenance: { data: "planted atoms" }, batches, close: () => Promise.resolve() };
}
