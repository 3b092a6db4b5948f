import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { latentMoments, meanOf } from "./calibration/latent-codes.ts";
import type { CodedRows } from "./coded-rows.ts";
import { descend } from "./descend.ts";
import { gptq } from "./gptq.ts";
import {
  correlatedCodes,
  decoderProblem,
  halves,
  perTensor,
  reconstructionError,
  stack,
  thresholded,
  weightsOfRows,
} from "./problems.fixture.ts";
import type { RowQuantizers } from "./row-quantizers.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const [dSae, dIn] = [24, 8];
const { w, codes, tokens, bDec } = decoderProblem({ tokens: 300, dSae, dIn });
const damping = 0.03;

/** Error on the tokens with the b_dec that is best for it, and lambda times the distance from the anchors. */
function objective(rows: CodedRows, b: Float32Array, anchors: Float32Array): number {
  const { mean, meanSquare } = latentMoments(codes);
  const lambda = damping * meanOf(meanSquare.map((square, j) => square - mean[j]! ** 2));
  const q = weightsOfRows(rows, dIn);
  return (
    reconstructionError(codes, q, b, tokens) + lambda * q.reduce((sum, value, i) => sum + (value - anchors[i]!) ** 2, 0)
  );
}

const cases: readonly (readonly [string, RowQuantizers])[] = [
  ["ternary", ternary()],
  ["binary", binary()],
  ["int3", int(3)],
  ["centered-int2", centeredInt(2)],
  ["one scale for all", perTensor()],
  ["a scale per group", halves()],
  ["two planes", stack()],
  ["a threshold beside the scale", thresholded()],
  [
    "different quantizers, and dropped atoms",
    (j) => [ternary(), stack(), undefined, perTensor(), centeredInt(3)][j % 5],
  ],
];

describe("descend", () => {
  for (const [name, quantizer] of cases) {
    it(`${name}: the objective falls from sweep to sweep, to a point that stands`, async () => {
      const start = await gptq(ops, { w, dIn, codes, quantizer });
      const before = ops.memory().tensors;
      let at: { rows: CodedRows; bDec: Float32Array } = { rows: start, bDec };
      let value = objective(start, bDec, w);
      for (let sweep = 0; sweep < 6; sweep++) {
        const next = await descend(ops, { ...at, codes, tokens, quantizer, anchors: w, damping, sweeps: 1 });
        const nextValue = objective(next.rows, next.bDec, w);
        if (sweep === 0) expect(nextValue).toBeLessThan(value);
        expect(nextValue).toBeLessThan(value * (1 + 1e-5));
        [at, value] = [next, nextValue];
      }
      expect(ops.memory().tensors).toBe(before);
      const last = await descend(ops, { ...at, codes, tokens, quantizer, anchors: w, damping, sweeps: 1 });
      for (const [j, row] of last.rows.entries()) expect(row?.codes).toEqual(at.rows[j]?.codes);
    });

    it(`${name}: without anchors the error falls`, async () => {
      const start = await gptq(ops, { w, dIn, codes, quantizer });
      const errorOf = (rows: CodedRows, b: Float32Array): number =>
        reconstructionError(codes, weightsOfRows(rows, dIn), b, tokens);
      const moved = await descend(ops, { rows: start, bDec, codes, tokens, quantizer });
      expect(errorOf(moved.rows, moved.bDec)).toBeLessThan(errorOf(start, bDec));
      for (const [j, row] of moved.rows.entries()) {
        expect(row?.quantizer).toBe(start[j]?.quantizer);
        if (row?.sharedScale) expect(row.scale).toEqual(start[j]!.scale);
      }
    });
  }

  it("gives the b_dec that is best for its rows: no error is left on average", async () => {
    const start = await gptq(ops, { w, dIn, codes, quantizer: int(4) });
    const moved = await descend(ops, { rows: start, bDec, codes, tokens, quantizer: int(4) });
    const q = weightsOfRows(moved.rows, dIn);
    const best = reconstructionError(codes, q, moved.bDec, tokens);
    for (let d = 0; d < dIn; d++) {
      for (const by of [-0.01, 0.01]) {
        const other = moved.bDec.map((b, at) => (at === d ? b + by : b));
        expect(reconstructionError(codes, q, other, tokens) - best).toBeCloseTo(1e-4, 6);
      }
    }
  });

  it("leaves latents that never fire as they are, and dropped ones dropped", async () => {
    const dead = (j: number): boolean => j % 2 === 0;
    const half = correlatedCodes({ tokens: 300, dSae, k: 6, seed: 1, dead });
    const rows = await gptq(ops, { w, dIn, codes: half, quantizer: (j) => (j === 5 ? undefined : ternary()) });
    const moved = await descend(ops, { rows, bDec, codes: half, tokens, quantizer: ternary() });
    for (const [j, row] of moved.rows.entries()) if (dead(j)) expect(row).toBe(rows[j]);
    expect(moved.rows[5]).toBeUndefined();
  });

  it("has no trouble with latents that always fire alike, undamped", async () => {
    const constant = {
      ...codes,
      byLatent: {
        offsets: Int32Array.from({ length: dSae + 1 }, (_, j) => j * codes.tokens),
        tokens: Int32Array.from({ length: dSae * codes.tokens }, (_, at) => at % codes.tokens),
        values: new Float32Array(dSae * codes.tokens).fill(1),
      },
    };
    const rows = await gptq(ops, { w, dIn, codes, quantizer: ternary() });
    const moved = await descend(ops, { rows, bDec, codes: constant, tokens, quantizer: ternary(), damping: 0 });
    expect(weightsOfRows(moved.rows, dIn).every(Number.isFinite)).toBe(true);
    expect(moved.bDec.every(Number.isFinite)).toBe(true);
  });
});
