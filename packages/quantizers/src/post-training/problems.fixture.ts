/** Small problems for the tests of post-training: SAEs of every selection, activations, latents, and quantizers of every kind. */
import { dequantizeMatrix, type FloatMatrix, type Latents, type PackedSae, type Selection } from "@qsae/runtime";
import {
  defineQuantizer,
  mixSeeds,
  normals,
  packMatrix,
  seededRandom,
  type Quantizer,
  type TensorOps,
} from "@qsae/core";
import type { CalibrationTokens } from "./calibration/tokens.ts";
import type { LatentCodes } from "./calibration/latent-codes.ts";
import { latentCodes } from "./calibration/latent-codes.ts";
import { decodeRow, type CodedRows } from "./coded-rows.ts";

export interface LatentsShape {
  readonly tokens: number;
  readonly dSae: number;
  readonly k: number;
  readonly seed: number;
  /** These never fire. Default: none. */
  readonly dead?: (latent: number) => boolean;
}

/** Latents of very different frequency, of which neighbours like to fire together with related values. */
export function correlatedCodes({ tokens, dSae, k, seed, dead = () => false }: LatentsShape): LatentCodes {
  const random = seededRandom(seed);
  const perToken = Array.from({ length: tokens }, () => {
    const active = new Map<number, number>();
    for (let pair = 0; pair < k / 2; pair++) {
      const j = Math.floor(dSae * random() ** 2);
      const value = 0.2 + random();
      active.set(j, value);
      active.set((j + 1) % dSae, value * (0.5 + random()));
    }
    return [...active].filter(([j]) => !dead(j)).sort(([a], [b]) => a - b);
  });
  const entries = perToken.flat();
  const offsets = new Int32Array(tokens + 1);
  for (const [t, active] of perToken.entries()) offsets[t + 1] = offsets[t]! + active.length;
  return latentCodes({
    dSae,
    offsets,
    indices: Int32Array.from(entries, ([j]) => j),
    values: Float32Array.from(entries, ([, value]) => value),
  });
}

/** Latents as a matrix `[tokens, d_sae]`. */
export function dense({ dSae, offsets, indices, values }: Latents): Float64Array {
  const tokens = offsets.length - 1;
  const z = new Float64Array(tokens * dSae);
  for (let t = 0; t < tokens; t++) {
    for (let entry = offsets[t]!; entry < offsets[t + 1]!; entry++) z[t * dSae + indices[entry]!] = values[entry]!;
  }
  return z;
}

/** Weights of rows `[d_sae, d_in]`. */
export function weightsOfRows(rows: CodedRows, dIn: number): Float32Array {
  const weights = new Float32Array(rows.length * dIn);
  for (const [j, row] of rows.entries()) decodeRow(row, weights.subarray(j * dIn, (j + 1) * dIn));
  return weights;
}

/** Weights of rows `[d_sae, d_in]` that are rounded to nearest. */
export async function nearestWeights(
  ops: TensorOps,
  quantizer: Quantizer,
  w: Float32Array,
  dIn: number,
): Promise<Float32Array> {
  return dequantizeMatrix(await packMatrix(ops, quantizer, { shape: [w.length / dIn, dIn], data: w }));
}

/** `|| Z Q + b_dec - target ||^2 / N` */
export function reconstructionError(
  codes: LatentCodes,
  q: Float32Array,
  bDec: Float32Array,
  { target, dIn }: CalibrationTokens,
): number {
  let total = 0;
  for (let t = 0; t < codes.tokens; t++) {
    const error = Float64Array.from({ length: dIn }, (_, d) => bDec[d]! - target[t * dIn + d]!);
    for (let entry = codes.offsets[t]!; entry < codes.offsets[t + 1]!; entry++) {
      for (let d = 0; d < dIn; d++) error[d]! += codes.values[entry]! * q[codes.indices[entry]! * dIn + d]!;
    }
    for (const value of error) total += value * value;
  }
  return total / codes.tokens;
}

/** Tokens that latents and a dictionary reconstruct up to some noise. */
function tokensFor(codes: LatentCodes, w: Float32Array, dIn: number, seed: number): CalibrationTokens {
  const x = normals(codes.tokens * dIn, 0.1, seed);
  for (let t = 0; t < codes.tokens; t++) {
    for (let entry = codes.offsets[t]!; entry < codes.offsets[t + 1]!; entry++) {
      for (let d = 0; d < dIn; d++)
        x[t * dIn + d]! += codes.values[entry]! * w[codes.indices[entry]! * dIn + d]! + 0.05;
    }
  }
  return { tokens: codes.tokens, dIn, x, target: x };
}

/** A dictionary `w`, latents, the tokens that they reconstruct with it up to some noise, and a b_dec to start from. */
export function decoderProblem({ tokens, dSae, dIn }: { tokens: number; dSae: number; dIn: number }) {
  const w = normals(dSae * dIn, 0.5, 2);
  const codes = correlatedCodes({ tokens, dSae, k: 6, seed: 1 });
  return { w, codes, tokens: tokensFor(codes, w, dIn, 3), bDec: normals(dIn, 0.1, 4) };
}

/** Every selection of the schema, for `dSae` latents. */
export function selections(dSae: number): readonly (readonly [name: string, Selection])[] {
  const vector = (from: number, to: number): Float32Array =>
    Float32Array.from({ length: dSae }, (_, j) => from + ((to - from) * j) / dSae);
  return [
    ["topk", { kind: "topk", k: 5, relu: false }],
    ["topk with ReLU", { kind: "topk", k: 9, relu: true }],
    ["threshold", { kind: "threshold", threshold: vector(-0.2, 0.8) }],
    ["sign", { kind: "sign" }],
    ["sign of the k largest", { kind: "sign", k: 7 }],
    ["gate", { kind: "gate", magScale: vector(0.5, 1.5), magBias: vector(-0.3, 0.3) }],
  ];
}

export interface SaeShape {
  readonly dIn?: number;
  readonly dSae?: number;
  readonly selection?: Selection;
  readonly subtractBDec?: boolean;
  /** Scaled and rotated inputs, and a skip connection. */
  readonly wrapped?: boolean;
  readonly seed?: number;
}

/** A float SAE with one stage. Default: 16 to 24, the 5 largest. */
export function floatSae(shape: SaeShape = {}): PackedSae {
  const { dIn = 16, dSae = 24, subtractBDec = true, wrapped = false, seed = 1 } = shape;
  const { selection = { kind: "topk", k: 5, relu: true } } = shape;
  const matrix = (std: number, part: number): FloatMatrix => ({
    kind: "float32",
    rows: dSae,
    cols: dIn,
    values: normals(dSae * dIn, std, mixSeeds(seed, part)),
  });
  const signs = Int8Array.from(normals(dIn, 1, mixSeeds(seed, 5)), (value) => (value < 0 ? -1 : 1));
  return {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec,
        encoder: matrix(1 / Math.sqrt(dIn), 1),
        bEnc: normals(dSae, 0.1, mixSeeds(seed, 2)),
        selection,
        dictionary: matrix(0.3, 3),
        bDec: normals(dIn, 0.3, mixSeeds(seed, 4)),
        outputWeight: 1,
      },
    ],
    ...(wrapped
      ? {
          inputScale: 1.7,
          rotation: { kind: "hadamard" as const, signs },
          skip: normals(dIn * dIn, 0.05, mixSeeds(seed, 6)),
        }
      : {}),
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}

/** One scale for the whole matrix. */
export const perTensor = (scale?: number): Quantizer =>
  defineQuantizer({
    id: "per-tensor",
    options: {},
    codes: [-3, 3],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) => ({
      scale: scale === undefined ? ops.reshape(ops.mul(ops.mean(ops.abs(w)), 0.6), [1, 1]) : ops.fill([1, 1], scale),
    }),
    encode: (ops, w, grid) => ops.tidy(() => ops.clipByValue(ops.round(ops.div(w, grid.scale)), -3, 3)),
  });

/** A scale per half row. */
export const halves = (): Quantizer =>
  defineQuantizer({
    id: "halves",
    options: {},
    codes: [-1, 1],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) => {
      const [rows, cols] = w.shape as [number, number];
      return { scale: ops.tidy(() => ops.add(ops.mean(ops.abs(ops.reshape(w, [rows, 2, cols / 2])), 2), 1e-6)) };
    },
    encode: (ops, w, { scale }) => {
      const [rows, cols] = w.shape as [number, number];
      return ops.tidy(() => {
        const inUnits = ops.div(ops.reshape(w, [rows, 2, cols / 2]), ops.reshape(scale, [rows, 2, 1]));
        return ops.reshape(ops.clipByValue(ops.round(inUnits), -1, 1), [rows, cols]);
      });
    },
  });

/** Two ternary planes, the second of what the first leaves. */
export const stack = (): Quantizer =>
  defineQuantizer({
    id: "stack",
    options: {},
    codes: [-1, 1],
    dequantize: { kind: "sum", planes: 2, each: { kind: "affine" } },
    calibrate: (ops, w) => {
      const [rows] = w.shape as [number, number];
      return {
        scale: ops.tidy(() => {
          const first = ops.add(ops.mul(ops.mean(ops.abs(w), 1, true), 1.2), 1e-6); // [rows, 1]
          return ops.concat([ops.reshape(first, [1, rows, 1]), ops.reshape(ops.mul(first, 0.4), [1, rows, 1])], 0);
        }),
      };
    },
    encode: (ops, w, { scale }) => {
      const [rows, cols] = w.shape as [number, number];
      const plane = (of: TensorOps, p: number) =>
        of.reshape(of.slice(scale, [p, 0, 0], [1, scale.shape[1]!, 1]), [scale.shape[1]!, 1]);
      return ops.tidy(() => {
        const rounded = (rest: typeof w, s: typeof w) => ops.clipByValue(ops.round(ops.div(rest, s)), -1, 1);
        const [s0, s1] = [plane(ops, 0), plane(ops, 1)];
        const first = rounded(w, s0); // [rows, cols]
        const second = rounded(ops.sub(w, ops.mul(first, s0)), s1); // [rows, cols]
        return ops.concat([ops.reshape(first, [1, rows, cols]), ops.reshape(second, [1, rows, cols])], 0);
      });
    },
  });

/** Ternary whose zeros are decided by a threshold of its own beside the scale. */
export const thresholded = (): Quantizer =>
  defineQuantizer({
    id: "thresholded",
    options: {},
    codes: [-1, 1],
    dequantize: { kind: "affine" },
    calibrate: (ops, w) =>
      ops.tidy(() => {
        const size = ops.add(ops.mean(ops.abs(w), 1, true), 1e-6); // [rows, 1]
        return { scale: ops.mul(size, 1.4), threshold: ops.mul(size, 0.7) };
      }),
    encode: (ops, w, grid) =>
      ops.tidy(() => {
        const { threshold } = grid as typeof grid & { threshold: typeof w };
        return ops.mul(ops.sign(w), ops.greater(ops.abs(w), threshold));
      }),
  });
