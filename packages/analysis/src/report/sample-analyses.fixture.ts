/** Believable results of the analyses of one SAE, from seeded noise. */
import { normals, seededRandom, type GradientRecord } from "@qsae/core";
import type { CeRecovered } from "../ce-recovered.ts";
import type { AtomsFound } from "../cosine/cosines-between.ts";
import type { CosinesWithin } from "../cosine/cosines-within.ts";
import type { NearestAtoms } from "../cosine/nearest-atoms.ts";
import type { ReferenceAnalysis } from "../reference/reference-analysis.ts";
import type { MatrixErrors } from "../weights/weight-errors.ts";
import type { RoundedSae } from "./report-input.ts";

const D_IN = 256;

/** Pairs are normal around 0, as of random directions, with a tail of atoms that share features. */
export function sampleCosines(dSae: number, seed: number): CosinesWithin {
  const bins = 200;
  const pairs = (dSae * (dSae - 1)) / 2;
  const counts = Array.from({ length: bins }, (_, b) => {
    const cosine = -1 + (2 * b + 1) / bins;
    const bell = Math.exp(-0.5 * (cosine / 0.09) ** 2) / (0.09 * Math.sqrt(2 * Math.PI));
    const tail = cosine > 0 ? 0.02 * Math.exp(-6 * cosine) : 0;
    return Math.round((pairs * (bell + tail) * 2) / bins);
  });
  const nearest = nearestOf(dSae, 0.46, 0.16, seed);
  return {
    nearest,
    redundantAbove: 0.9,
    redundantPairs: counts.slice(190).reduce((sum, count) => sum + count, 0),
    redundantAtoms: nearest.cosine.filter((cosine) => cosine > 0.9).length,
    histogram: { edges: Array.from({ length: bins + 1 }, (_, b) => -1 + (2 * b) / bins), counts, outside: 0 },
    zeroAtoms: 0,
  };
}

function nearestOf(dSae: number, mean: number, spread: number, seed: number): NearestAtoms {
  const noise = normals(dSae, spread, seed);
  return {
    latent: Int32Array.from({ length: dSae }, (_, j) => (j + 1) % dSae),
    cosine: Float32Array.from({ length: dSae }, (_, j) => Math.min(1, Math.max(0.1, mean + noise[j]!))),
  };
}

export interface SampleReference {
  readonly name: string;
  readonly dSae: number;
  readonly levels: number;
  readonly fvuIncrease: number;
  /** Widths of the rows of its dictionary; default one. */
  readonly widths?: readonly number[];
  readonly seed: number;
}

export function sampleReference(options: SampleReference): ReferenceAnalysis {
  const { name, dSae, levels, fvuIncrease, seed } = options;
  const bits = Math.log2(levels);
  const closeness = 1 - 0.33 * 2 ** (1.585 - bits);
  const random = seededRandom(seed);
  const [noise, spread] = [normals(dSae, 1.6, seed), normals(dSae, 0.16, seed + 1)];
  const raw = noise.map((z) => Math.exp(z));
  const sum = raw.reduce((total, value) => total + value, 0);
  const perLatent = Float64Array.from({ length: dSae }, (_, j) =>
    j >= dSae - 37 ? 0 : (0.81 * fvuIncrease * raw[j]!) / sum,
  );
  const worst = Array.from(perLatent.keys())
    .sort((a, b) => perLatent[b]! - perLatent[a]!)
    .slice(0, 20)
    .map((latent) => ({ latent, increase: perLatent[latent]! }));
  const [aInB, bInA] = [foundOf(dSae, closeness, seed + 2), foundOf(dSae, closeness - 0.01, seed + 3)];
  const matched = Math.round(dSae * aInB.overlap);
  return {
    name,
    cosines: {
      sameAbove: 0.7,
      aInB,
      bInA,
      match: {
        a: Int32Array.from({ length: matched }, (_, p) => p),
        b: Int32Array.from({ length: matched }, (_, p) => p),
        cosine: Float32Array.from(aInB.nearest.cosine).sort().reverse().slice(0, matched),
        uncertain: 0,
      },
    },
    outputError: 1.32 * fvuIncrease,
    support: {
      overlap: closeness ** 2,
      changedTokens: 0.999,
      perLatent: Float64Array.from({ length: dSae }, (_, j) =>
        j >= dSae - 37 ? 1 : Math.min(0.99, Math.max(0, closeness ** 2 + spread[j]!)),
      ),
      tokens: 2000,
    },
    fvuIncrease: {
      measured: fvuIncrease,
      predicted: {
        total: perLatent.reduce((total, value) => total + value, 0),
        perLatent,
        squaredErrors: perLatent.map(() => 0.4 * 2 ** (-2 * bits) * (0.8 + 0.4 * random())),
        worst,
      },
    },
    weights: [
      sampleErrors("encoder", dSae, bits, [bits], seed),
      sampleErrors("dictionary", dSae, bits, options.widths ?? [bits], seed + 1),
    ],
  };
}

function foundOf(dSae: number, closeness: number, seed: number): AtomsFound {
  const nearest = nearestOf(dSae, closeness, 0.11, seed);
  const { cosine } = nearest;
  return {
    nearest,
    mmcs: cosine.reduce((sum, value) => sum + value, 0) / dSae,
    overlap: cosine.filter((value) => value > 0.7).length / dSae,
    zeroAtoms: 0,
  };
}

function sampleErrors(
  matrix: string,
  dSae: number,
  bits: number,
  widths: readonly number[],
  seed: number,
): MatrixErrors {
  const size = (width: number): number => 0.031 * 2 ** (1.585 - width);
  const errorOf = (rows: number, width: number) => ({
    weights: rows * D_IN,
    mse: size(width) ** 2,
    meanAbs: 0.8 * size(width),
    maxAbs: 4.4 * size(width),
    l2: size(width) * Math.sqrt(rows * D_IN),
  });
  const squares = normals(dSae, 0.1, seed);
  return {
    matrix,
    ...errorOf(dSae, bits),
    byBits: widths.map((width) => ({
      bits: width,
      rows: dSae / widths.length,
      ...errorOf(dSae / widths.length, width),
    })),
    squaredErrors: Float64Array.from(squares, (z) => D_IN * size(bits) ** 2 * (1 + z)),
    worst: {
      row: 1207,
      column: 88,
      value: 0.0412,
      reference: 0.0412 + 4.4 * size(bits),
      bits: widths[0]!,
      codes: [1],
    },
  };
}

export function sampleCrossEntropy(recovered: number): CeRecovered {
  const [clean, ablated] = [1.5548, 5.3751];
  const spliced = ablated - recovered * (ablated - clean);
  return {
    ce_clean: clean,
    ce_spliced: spliced,
    ce_ablated: ablated,
    ablation: "mean",
    ce_recovered: recovered,
    kl_spliced: 0.94 * (spliced - clean) + 0.004,
    kl_ablated: 3.7129,
    tokens: 64 * 127,
    windows: 64,
    window_length: 128,
  };
}

/** What rounding to nearest makes of an SAE. */
export function sampleRounded(fvu: number): readonly RoundedSae[] {
  const widths: readonly (readonly [string, number, number])[] = [
    ["binary", 1.13, 0.2254],
    ["ternary", 1.73, 0.0974],
    ["int2", 2.13, 0.0564],
    ["int3", 3.13, 0.0154],
    ["int4", 4.13, 0.005],
    ["int6", 6.13, 0.0004],
    ["int8", 8.13, 0],
  ];
  return widths.map(([quantizer, bits_per_weight, more]) => ({
    quantizer,
    bits_per_weight,
    fvu: fvu + more,
    tokens: 2000,
  }));
}

/** Records of one step at `progress` of a run, 0 to 1. */
export function sampleGradients(
  progress: number,
  quantized: boolean,
  withMismatch: boolean,
  seed: number,
): Readonly<Record<string, GradientRecord>> {
  const noise = normals(16, 1, seed);
  const falling = Math.exp(-3.2 * progress);
  return Object.fromEntries(
    ["W_enc", "b_enc", "W_dec", "b_dec"].map((name, p): [string, GradientRecord] => {
      const isMatrix = name.startsWith("W");
      const changed = 0.014 * falling * (1 + 0.1 * noise[p]!) * (p + 1);
      return [
        name,
        {
          norm: [0.9, 0.03, 0.5, 0.12][p]! * (0.25 + falling) * (1 + 0.12 * noise[4 + p]!),
          updateRatio: [2e-3, 9e-3, 1e-3, 4e-3][p]! * (0.02 + falling) * (1 + 0.08 * noise[8 + p]!),
          zeroShare: isMatrix || name === "b_enc" ? 0.31 * Math.exp(-4 * progress) + 0.02 : 0,
          ...(quantized &&
            isMatrix && {
              changedCodes: changed,
              signFlips: 0.021 * changed,
              ...(withMismatch && {
                straightThrough: {
                  weights: 64,
                  cosine: 0.93 - 0.04 * p + 0.02 * noise[12 + p]!,
                  relativeError: 0.38 + 0.1 * p + 0.03 * noise[12 + p]!,
                },
              }),
            }),
        },
      ];
    }),
  );
}
