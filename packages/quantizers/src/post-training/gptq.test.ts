import { beforeAll, describe, expect, it } from "vitest";
import { dequantizeMatrix } from "@qsae/runtime";
import { normals, openBackend, type Quantizer, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { allocateBits } from "../mixed/allocate-bits.ts";
import { atomImportance } from "../mixed/atom-importance.ts";
import { packMixed } from "../mixed/pack-mixed.ts";
import { quantizerOfWidth } from "../mixed/widths.ts";
import { codeGram } from "./calibration/code-gram.ts";
import { latentCodes, latentMoments, meanOf, type LatentCodes } from "./calibration/latent-codes.ts";
import { gptq } from "./gptq.ts";
import { packRows } from "./pack-rows.ts";
import {
  correlatedCodes,
  halves,
  nearestWeights,
  perTensor,
  stack,
  thresholded,
  weightsOfRows,
} from "./problems.fixture.ts";
import { solveInFloat64 } from "./solve-with-factor.fixture.ts";
import { upperFactor } from "./upper-factor.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const all = (dSae: number): Int32Array => Int32Array.from({ length: dSae }, (_, j) => j);

/** H = E[z z^T] + lambda I, `[d_sae, d_sae]` */
function damped(codes: LatentCodes, damping = 0.1): Float64Array {
  const h = codeGram(codes, all(codes.dSae));
  const lambda = damping * meanOf(latentMoments(codes).meanSquare);
  for (let j = 0; j < codes.dSae; j++) h[j * codes.dSae + j]! += lambda;
  return h;
}

/** `tr(E^T H E)`, E = w - q */
function objective(codes: LatentCodes, w: Float32Array, q: Float32Array, dIn: number): number {
  const h = damped(codes);
  let sum = 0;
  for (let i = 0; i < codes.dSae; i++) {
    for (let j = 0; j < codes.dSae; j++) {
      let product = 0;
      for (let d = 0; d < dIn; d++)
        product += (w[i * dIn + d]! - q[i * dIn + d]!) * (w[j * dIn + d]! - q[j * dIn + d]!);
      sum += h[i * codes.dSae + j]! * product;
    }
  }
  return sum;
}

const nearest = (quantizer: Quantizer, w: Float32Array, dIn: number) => nearestWeights(ops, quantizer, w, dIn);

const [dSae, dIn] = [64, 16];
const w = normals(dSae * dIn, 0.5, 2);
const codes = correlatedCodes({ tokens: 400, dSae, k: 8, seed: 1 });
const quantizers: readonly Quantizer[] = [
  binary(),
  ternary(),
  int(3),
  int(4),
  centeredInt(2),
  perTensor(),
  halves(),
  stack(),
  thresholded(),
];

describe("gptq", () => {
  it.each(Array.from({ length: 6 }, (_, seed) => seed))("problem %s: closer than rounding to nearest", async (seed) => {
    const weights = normals(dSae * dIn, 0.5, seed);
    const of = correlatedCodes({ tokens: 300, dSae, k: 6, seed });
    for (const quantizer of [ternary(), centeredInt(2)]) {
      const rows = await gptq(ops, { w: weights, dIn, codes: of, quantizer });
      const error = objective(of, weights, weightsOfRows(rows, dIn), dIn);
      expect(error).toBeLessThan(0.9 * objective(of, weights, await nearest(quantizer, weights, dIn), dIn));
    }
  });

  it.each([24, 150])("%s latents: code for code what GPTQ with the inverse gives", async (size) => {
    const weights = normals(size * dIn, 0.5, 3);
    const of = correlatedCodes({ tokens: 500, dSae: size, k: 8, seed: 4 });
    const scale = 0.25;
    const rows = await gptq(ops, { w: weights, dIn, codes: of, quantizer: perTensor(scale) });
    const expected = textbook(of, weights, scale);
    for (const [j, row] of rows.entries()) {
      expect([...row!.codes]).toEqual(expected[j]);
      expect([...row!.scale]).toEqual([scale]);
    }
  });

  /** Frantar et al. 2023, algorithm 1: U = chol(H^-1)^T, e_i = (w_i - q_i) / U_ii, w_j -= U_ij e_i for all j > i. */
  function textbook(of: LatentCodes, weights: Float32Array, scale: number): number[][] {
    const size = of.dSae;
    const { meanSquare } = latentMoments(of);
    const order = [...all(size)].sort((a, b) => meanSquare[b]! - meanSquare[a]!);
    const whole = damped(of);
    const h = Float64Array.from({ length: size * size }, (_, at) => {
      return whole[order[Math.floor(at / size)]! * size + order[at % size]!]!;
    });
    const inverse = new Float64Array(size * size);
    for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
    upperFactor(h, size);
    solveInFloat64(h, size, inverse, size);
    const u = new Float64Array(size * size); // upper, inverse = U^T U
    for (let i = 0; i < size; i++) {
      for (let j = i; j < size; j++) {
        let value = inverse[i * size + j]!;
        for (let k = 0; k < i; k++) value -= u[k * size + i]! * u[k * size + j]!;
        u[i * size + j] = i === j ? Math.sqrt(value) : value / u[i * size + i]!;
      }
    }
    const moved = order.map((j) => Float64Array.from(weights.subarray(j * dIn, (j + 1) * dIn)));
    const chosen: number[][] = [];
    for (let i = 0; i < size; i++) {
      const rounded = Array.from(moved[i]!, (value) => Math.max(-3, Math.min(3, Math.round(value / scale))) + 0);
      chosen[order[i]!] = rounded;
      for (let d = 0; d < dIn; d++) {
        const error = (moved[i]![d]! - rounded[d]! * scale) / u[i * size + i]!;
        for (let j = i; j < size; j++) moved[j]![d]! -= u[i * size + j]! * error;
      }
    }
    return chosen;
  }

  it("by blocks: near to one block, better than blocks that know nothing of each other", async () => {
    const ratios: number[] = [];
    for (let seed = 0; seed < 4; seed++) {
      const weights = normals(dSae * dIn, 0.5, 10 + seed);
      const of = correlatedCodes({ tokens: 400, dSae, k: 8, seed: 20 + seed });
      const quantizer = ternary();
      const errorOf = async (blockLatents: number): Promise<number> =>
        objective(
          of,
          weights,
          weightsOfRows(await gptq(ops, { w: weights, dIn, codes: of, quantizer, blockLatents }), dIn),
          dIn,
        );
      const [one, several] = [await errorOf(64), await errorOf(16)];
      const alone = objective(of, weights, await blocksAlone(of, weights, 16), dIn);
      expect(several).toBeLessThan(alone);
      ratios.push(several / one);
    }
    expect(Math.max(...ratios)).toBeLessThan(1.1);
  });

  async function blocksAlone(of: LatentCodes, weights: Float32Array, size: number): Promise<Float32Array> {
    const { meanSquare } = latentMoments(of);
    const order = [...all(of.dSae)].sort((a, b) => meanSquare[b]! - meanSquare[a]!);
    const q = new Float32Array(weights.length);
    for (let first = 0; first < order.length; first += size) {
      const block = order.slice(first, first + size);
      const inBlock = Array.from({ length: of.tokens }, (_, t) =>
        block.flatMap((j, at) => {
          const entry = of.indices.subarray(of.offsets[t], of.offsets[t + 1]).indexOf(j);
          return entry < 0 ? [] : [[at, of.values[of.offsets[t]! + entry]!] as const];
        }),
      );
      const offsets = Int32Array.from([
        0,
        ...inBlock.map(
          (
            (sum) => (own) =>
              (sum += own.length)
          )(0),
        ),
      ]);
      const part = latentCodes({
        dSae: block.length,
        offsets,
        indices: Int32Array.from(inBlock.flat(), ([at]) => at),
        values: Float32Array.from(inBlock.flat(), ([, value]) => value),
      });
      const own = Float32Array.from(block.flatMap((j) => [...weights.subarray(j * dIn, (j + 1) * dIn)]));
      const chosen = weightsOfRows(await gptq(ops, { w: own, dIn, codes: part, quantizer: ternary() }), dIn);
      for (const [at, j] of block.entries()) q.set(chosen.subarray(at * dIn, (at + 1) * dIn), j * dIn);
    }
    return q;
  }

  it.each(quantizers.map((quantizer) => [`${quantizer.id} ${JSON.stringify(quantizer.options)}`, quantizer] as const))(
    "with %s: codes in range, better than nearest, packed as they are",
    async (_, quantizer) => {
      const before = ops.memory().tensors;
      const rows = await gptq(ops, { w, dIn, codes, quantizer, blockLatents: 40 });
      expect(ops.memory().tensors).toBe(before);
      const q = weightsOfRows(rows, dIn);
      expect(objective(codes, w, q, dIn)).toBeLessThan(objective(codes, w, await nearest(quantizer, w, dIn), dIn));
      const packed = packRows(rows, dIn);
      expect(packed).toMatchObject({ kind: "codes", codes: quantizer.codes, rows: dSae, cols: dIn });
      dequantizeMatrix(packed).forEach((value, i) => {
        expect(Math.abs(value - q[i]!)).toBeLessThanOrEqual(2 ** -10 * Math.abs(q[i]!) + 1e-6); // F16 scales
      });
    },
  );

  it("rounds latents that never fire, and rows of zeros", async () => {
    const dead = (j: number): boolean => j % 3 === 0;
    const of = correlatedCodes({ tokens: 200, dSae, k: 6, seed: 5, dead });
    const weights = w.map((value, at) => (Math.floor(at / dIn) % 8 === 1 ? 0 : value));
    const alone = weightsOfRows(await gptq(ops, { w: weights, dIn, codes: of, quantizer: int(4) }), dIn);
    expect(alone.every(Number.isFinite)).toBe(true);
    const rounded = await nearest(int(4), weights, dIn);
    for (let j = 0; j < dSae; j++) {
      if (!dead(j)) continue;
      for (let d = 0; d < dIn; d++) expect(alone[j * dIn + d]).toBeCloseTo(rounded[j * dIn + d]!, 2);
    }
  });

  it("goes on for the latents that fire as if the others were not there, and rounds those to nearest", async () => {
    const half = dSae / 2;
    const of = correlatedCodes({ tokens: 300, dSae, k: 6, seed: 6, dead: (j) => j >= half });
    const quantizer = perTensor(0.3);
    const rows = await gptq(ops, { w, dIn, codes: of, quantizer, damping: 0.1, blockLatents: 20 });
    const alone = await gptq(ops, {
      ...{ w: w.subarray(0, half * dIn), dIn, quantizer, blockLatents: 20 },
      codes: latentCodes({ ...of, dSae: half }),
      damping: 0.05, // a share of the mean over half as many
    });
    expect(rows.slice(0, half)).toEqual(alone);
    const rounded = await nearest(quantizer, w, dIn);
    weightsOfRows(rows.slice(half), dIn).forEach((value, i) => {
      expect(value).toBeCloseTo(rounded[half * dIn + i]!, 3); // scales in files are F16
    });
  });

  it.each([0, 0.1])("works where nothing ever fires, damping %s", async (damping) => {
    const silent = correlatedCodes({ tokens: 10, dSae, k: 0, seed: 1 });
    const rows = await gptq(ops, { w, dIn, codes: silent, quantizer: int(4), damping, blockLatents: 50 });
    const rounded = await nearest(int(4), w, dIn);
    weightsOfRows(rows, dIn).forEach((value, i) => {
      expect(value).toBeCloseTo(rounded[i]!, 2);
    });
  });

  it("does without damping where every latent fires", async () => {
    const few = correlatedCodes({ tokens: 400, dSae: 12, k: 6, seed: 3 });
    const rows = await gptq(ops, { w: w.subarray(0, 12 * dIn), dIn, codes: few, quantizer: int(4), damping: 0 });
    expect(rows).toHaveLength(12);
  });

  it("of one latent: nearest", async () => {
    const one = correlatedCodes({ tokens: 10, dSae: 1, k: 2, seed: 1 });
    for (const quantizer of quantizers) {
      const rows = await gptq(ops, { w: w.subarray(0, dIn), dIn, codes: one, quantizer });
      const q = weightsOfRows(rows, dIn);
      const error = (of: Float32Array) => of.reduce((sum, value, d) => sum + (w[d]! - value) ** 2, 0);
      expect(error(q)).toBeLessThanOrEqual(error(await nearest(quantizer, w.subarray(0, dIn), dIn)) * 1.001);
      expect(packRows(rows, dIn).rows).toBe(1);
    }
  });

  it("refuses what a quantizer gets wrong", async () => {
    const careless: Quantizer = { ...int(2), encode: (o, a) => o.mul(a, 100) };
    await expect(gptq(ops, { w, dIn, codes, quantizer: careless })).rejects.toThrow(
      /^quantizer int: encode gave the code .*; integers in -1..1 are allowed$/,
    );
  });

  it("needs memory for one block only", { timeout: 60_000 }, async () => {
    const [wide, width] = [6144, 8]; // a Gram matrix of all would take 288 MiB
    const of = correlatedCodes({ tokens: 2000, dSae: wide, k: 8, seed: 2 });
    const weights = normals(wide * width, 1, 3);
    const peakMiB = (): number => process.resourceUsage().maxRSS / 1024;
    const before = peakMiB();
    const rows = await gptq(ops, { w: weights, dIn: width, codes: of, quantizer: perTensor(0.3), blockLatents: 128 });
    expect(rows).toHaveLength(wide);
    expect(peakMiB() - before).toBeLessThan(144);
  });
});

describe("gptq with a quantizer per latent", () => {
  it("gives every latent its own, in scales searched together with its like", async () => {
    const choice = [ternary(), int(4), undefined, binary()];
    const of = (j: number): Quantizer | undefined => choice[j % choice.length];
    const rows = await gptq(ops, { w, dIn, codes, quantizer: of, blockLatents: 40 });
    for (const [j, row] of rows.entries()) expect(row?.quantizer.id).toBe(of(j)?.id);
    const packed = packRows(rows, dIn);
    expect(packed).toMatchObject({ kind: "mixed", rows: dSae, cols: dIn });
    const alike = await packMixed(
      ops,
      { shape: [dSae, dIn], data: w },
      Array.from({ length: dSae }, (_, j) => of(j)),
    );
    expect(objective(codes, w, dequantizeMatrix(packed), dIn)).toBeLessThan(
      objective(codes, w, dequantizeMatrix(alike), dIn),
    );
  });

  it("is the same as one quantizer where all are the same", async () => {
    const one = await gptq(ops, { w, dIn, codes, quantizer: ternary() });
    const each = await gptq(ops, { w, dIn, codes, quantizer: () => ternary() });
    expect(weightsOfRows(each, dIn)).toEqual(weightsOfRows(one, dIn));
    expect(packRows(each, dIn).kind).toBe("codes");
  });

  it("keeps one scale for those of its rows whose quantizer has one", async () => {
    const rows = await gptq(ops, { w, dIn, codes, quantizer: (j) => (j % 2 ? perTensor() : ternary()) });
    const shared = rows.filter((row) => row!.quantizer.id === "per-tensor");
    expect(new Set(shared.map((row) => row!.scale[0])).size).toBe(1);
    expect(shared.every((row) => row!.sharedScale)).toBe(true);
  });

  it("spends allocated bits better than rounding does", async () => {
    const float = { kind: "float32", rows: dSae, cols: dIn, values: w } as const;
    const bits = allocateBits(atomImportance(float, latentMoments(codes).meanSquare), { dIn, budget: 3.5 });
    expect(new Set(bits).size).toBeGreaterThan(2);
    const rows = await gptq(ops, { w, dIn, codes, quantizer: (j) => quantizerOfWidth(bits[j]!) });
    const rounded = await packMixed(ops, { shape: [dSae, dIn], data: w }, Array.from(bits, quantizerOfWidth));
    expect(objective(codes, w, dequantizeMatrix(packRows(rows, dIn)), dIn)).toBeLessThan(
      0.9 * objective(codes, w, dequantizeMatrix(rounded), dIn),
    );
  });
});
