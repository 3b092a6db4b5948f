import { beforeAll, describe, expect, it } from "vitest";
import { dequantizeMatrix, UsageError } from "@qsae/runtime";
import { normals, openBackend, packMatrix, type Quantizer, type TensorOps } from "@qsae/core";
import { binary } from "../../binary.ts";
import { centeredInt } from "../../centered-int.ts";
import { int } from "../../int.ts";
import { residual } from "../../residual.ts";
import { ternary } from "../../ternary.ts";
import { twosComplement } from "../../twos-complement.ts";
import { packRows } from "../pack-rows.ts";
import { halves, nearestWeights, perTensor, stack, thresholded, weightsOfRows } from "../problems.fixture.ts";
import { solveInFloat64 } from "../solve-with-factor.fixture.ts";
import { upperFactor } from "../upper-factor.ts";
import { gptqEncoder } from "./gptq-encoder.ts";
import { inputGram } from "./input-gram.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const [dSae, dIn] = [24, 16];

/** `E[u u^T]` of activations whose dimensions hang together and vary by different amounts. */
function gramOf(seed: number, width = dIn): Promise<Float64Array> {
  const tokens = 200;
  const x = normals(tokens * width, 1, seed);
  for (let t = 0; t < tokens; t++) {
    const common = x[t * width]!;
    for (let d = 0; d < width; d++) x[t * width + d] = (0.3 + (2 * d) / width) * (x[t * width + d]! + common);
  }
  return inputGram(ops, { tokens, dIn: width, x, target: x });
}

/** `tr(E H E^T)`, E = w - q: what the scores lose. */
function objective(gram: Float64Array, w: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < dSae; j++) {
    const error = Float64Array.from({ length: dIn }, (_, d) => w[j * dIn + d]! - q[j * dIn + d]!);
    for (let a = 0; a < dIn; a++) {
      for (let b = 0; b < dIn; b++) sum += error[a]! * gram[a * dIn + b]! * error[b]!;
    }
  }
  return sum;
}

const nearest = (quantizer: Quantizer, w: Float32Array) => nearestWeights(ops, quantizer, w, dIn);

describe("gptqEncoder", () => {
  const quantizers: readonly Quantizer[] = [
    binary(),
    ternary(),
    int(3),
    int(4),
    centeredInt(2),
    int(4, { per: 8 }),
    int(3, { per: 16 }), // one group, a whole row
    int(4, { per: "tensor" }),
    perTensor(),
    halves(),
    thresholded(),
    stack(),
    residual(ternary(), 2, { per: 8 }),
    twosComplement(4, 1.5),
  ];
  it.each(quantizers.map((quantizer) => [`${quantizer.id} ${JSON.stringify(quantizer.options)}`, quantizer] as const))(
    "%s: scores lose less than by rounding to nearest, and rows pack as they are",
    async (_, quantizer) => {
      const before = ops.memory().tensors;
      for (let seed = 0; seed < 2; seed++) {
        const w = normals(dSae * dIn, 0.5, 100 + seed);
        const gram = await gramOf(seed);
        const rows = await gptqEncoder(ops, { w, dSae, gram, quantizer });
        const q = weightsOfRows(rows, dIn);
        expect(objective(gram, w, q)).toBeLessThan(objective(gram, w, await nearest(quantizer, w)));
        const largest = Math.max(...q.map(Math.abs));
        dequantizeMatrix(packRows(rows, dIn)).forEach((value, i) => {
          expect(Math.abs(value - q[i]!)).toBeLessThanOrEqual(2 ** -10 * largest); // F16 scales
        });
      }
      expect(ops.memory().tensors).toBe(before);
    },
  );

  it.each(Array.from({ length: 20 }, (_, seed) => seed))("problem %s: far less than by rounding", async (seed) => {
    const w = normals(dSae * dIn, 0.5, 200 + seed);
    const gram = await gramOf(300 + seed);
    const rows = await gptqEncoder(ops, { w, dSae, gram, quantizer: ternary() });
    expect(objective(gram, w, weightsOfRows(rows, dIn))).toBeLessThan(
      0.8 * objective(gram, w, await nearest(ternary(), w)),
    );
  });

  it.each([
    ["one scale", perTensor(0.2), 3, dIn],
    ["groups", int(3, { per: 8 }), 3, dIn],
    ["a scale per latent", int(2), 1, dIn],
    ["dimensions of several blocks", int(3), 3, 150],
  ] as const)("%s: code for code what GPTQ with the inverse gives", async (_, quantizer, largest, width) => {
    for (let seed = 0; seed < 3; seed++) {
      const w = normals(dSae * width, 0.5, 400 + seed);
      const gram = await gramOf(500 + seed, width);
      const rows = await gptqEncoder(ops, { w, dSae, gram, quantizer });
      const scaleAt = (j: number, d: number): number => {
        const { scale } = rows[j]!;
        return scale[Math.floor((d * scale.length) / width)]!;
      };
      expect(rows.map(({ codes }) => [...codes])).toEqual(textbook(w, gram, scaleAt, largest));
    }
  });

  /** Frantar et al. 2023, algorithm 1: U = chol(H^-1)^T, e_i = (w_i - q_i) / U_ii, w_j -= U_ij e_i for all j > i. */
  function textbook(
    w: Float32Array,
    gram: Float64Array,
    scaleAt: (j: number, d: number) => number,
    largest: number,
  ): number[][] {
    const dIn = w.length / dSae;
    const diagonal = Array.from({ length: dIn }, (_, d) => gram[d * dIn + d]!);
    const lambda = (0.01 * diagonal.reduce((sum, value) => sum + value)) / dIn;
    const order = [...diagonal.keys()].sort((a, b) => diagonal[b]! - diagonal[a]!);
    const h = Float64Array.from({ length: dIn * dIn }, (_, at) => {
      const [a, b] = [Math.floor(at / dIn), at % dIn];
      return gram[order[a]! * dIn + order[b]!]! + (a === b ? lambda : 0);
    });
    const inverse = new Float64Array(dIn * dIn);
    for (let i = 0; i < dIn; i++) inverse[i * dIn + i] = 1;
    upperFactor(h, dIn);
    solveInFloat64(h, dIn, inverse, dIn);
    const u = new Float64Array(dIn * dIn); // upper, inverse = U^T U
    for (let i = 0; i < dIn; i++) {
      for (let j = i; j < dIn; j++) {
        let value = inverse[i * dIn + j]!;
        for (let k = 0; k < i; k++) value -= u[k * dIn + i]! * u[k * dIn + j]!;
        u[i * dIn + j] = i === j ? Math.sqrt(value) : value / u[i * dIn + i]!;
      }
    }
    return Array.from({ length: dSae }, (_, j) => {
      const moved = Float64Array.from(order, (d) => w[j * dIn + d]!);
      const chosen: number[] = [];
      for (const [i, d] of order.entries()) {
        const scale = scaleAt(j, d);
        chosen[d] = Math.max(-largest, Math.min(largest, Math.round(moved[i]! / scale))) + 0;
        const error = (moved[i]! - chosen[d] * scale) / u[i * dIn + i]!;
        for (let after = i; after < dIn; after++) moved[after]! -= u[i * dIn + after]! * error;
      }
      return chosen;
    });
  }

  it("takes the grid of the weights: scales are those of rounding to nearest", async () => {
    const w = normals(dSae * dIn, 0.5, 1);
    for (const [quantizer, shared] of [
      [int(3), false],
      [int(3, { per: 8 }), false],
      [perTensor(), true],
      [stack(), false],
    ] as const) {
      const rows = await gptqEncoder(ops, { w, dSae, gram: await gramOf(1), quantizer });
      const packed = packRows(rows, dIn);
      if (packed.kind !== "codes") throw new Error("not codes");
      const rounded = await packMatrix(ops, quantizer, { shape: [dSae, dIn], data: w });
      expect(packed.planes.map(({ scale, scaleShape }) => [scaleShape, scale])).toEqual(
        rounded.planes.map(({ scale, scaleShape }) => [scaleShape, scale]),
      );
      expect(rows.every(({ sharedScale }) => sharedScale === shared)).toBe(true);
    }
  });

  it("rounds to nearest where no dimension says anything about another", async () => {
    const w = normals(dSae * dIn, 0.5, 1);
    const gram = new Float64Array(dIn * dIn); // of tokens that are all zero
    for (const diagonal of [0, 2]) {
      for (let d = 0; d < dIn; d++) gram[d * dIn + d] = diagonal;
      const rows = await gptqEncoder(ops, { w, dSae, gram, quantizer: int(4) });
      expect(dequantizeMatrix(packRows(rows, dIn))).toEqual(await nearest(int(4), w));
    }
  });

  it("keeps rows of zeros finite", async () => {
    const w = normals(dSae * dIn, 0.5, 1).fill(0, 0, 5 * dIn);
    for (const quantizer of [binary(), ternary(), int(4, { per: 8 })]) {
      const q = weightsOfRows(await gptqEncoder(ops, { w, dSae, gram: await gramOf(2), quantizer }), dIn);
      expect(q.every(Number.isFinite)).toBe(true);
      expect(Math.max(...q.subarray(0, 5 * dIn).map(Math.abs))).toBeLessThan(1e-6);
    }
  });

  it("refuses what a quantizer gets wrong, and groups that do not fit", async () => {
    const options = { w: normals(dSae * dIn, 0.5, 1), dSae, gram: await gramOf(1) };
    const careless: Quantizer = { ...int(2), encode: (o, a) => o.mul(a, 100) };
    await expect(gptqEncoder(ops, { ...options, quantizer: careless })).rejects.toThrow(
      /^quantizer int: encode gave the code .*; integers in -1..1 are allowed$/,
    );
    const before = ops.memory().tensors;
    await expect(gptqEncoder(ops, { ...options, quantizer: int(4, { per: 5 }) })).rejects.toThrow(UsageError);
    expect(ops.memory().tensors).toBe(before);
  });
});
