import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { ternary } from "../ternary.ts";
import type { LatentCodes } from "./calibration/latent-codes.ts";
import { latentMoments } from "./calibration/latent-codes.ts";
import { levelsOf, planesOf, type CodedRows } from "./coded-rows.ts";
import { gptq } from "./gptq.ts";
import {
  correlatedCodes,
  decoderProblem,
  dense,
  halves,
  perTensor,
  reconstructionError,
  stack,
  weightsOfRows,
} from "./problems.fixture.ts";
import { refit } from "./refit.ts";
import type { RowQuantizers } from "./row-quantizers.ts";
import { solveInFloat64 } from "./solve-with-factor.fixture.ts";
import { upperFactor } from "./upper-factor.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const [dSae, dIn] = [14, 8];
const { w, codes, tokens, bDec } = decoderProblem({ tokens: 150, dSae, dIn });

/** The unknown that weight (plane, j, d) is multiplied by: rows that share a scale have the same. */
function scalePlaces(rows: CodedRows): { readonly of: (plane: number, j: number, d: number) => number; count: number } {
  const places = new Map<string, number>();
  const of = (plane: number, j: number, d: number): number => {
    const { quantizer, scale, sharedScale } = rows[j]!;
    const group = Math.floor(d / (dIn / (scale.length / planesOf(quantizer))));
    const key = [sharedScale ? quantizer.id : j, plane, group].join();
    if (!places.has(key)) places.set(key, places.size);
    return places.get(key)!;
  };
  for (const [j, row] of rows.entries()) {
    for (let plane = 0; row && plane < planesOf(row.quantizer); plane++) for (let d = 0; d < dIn; d++) of(plane, j, d);
  }
  return { of, count: places.size };
}

/** Weights of the ridge's least-squares solution, by dense float64 normal equations, and its b_dec. */
function denseSolution(of: LatentCodes, rows: CodedRows, ridge: number) {
  const places = scalePlaces(rows);
  const unknowns = places.count + dIn;
  const normal = new Float64Array(unknowns * unknowns);
  const rhs = new Float64Array(unknowns);
  const start = new Float64Array(unknowns);
  const z = dense(of);
  const levelAt = (plane: number, j: number, d: number): number => {
    const row = rows[j]!;
    return levelsOf(row.quantizer)[row.codes[plane * dIn + d]! - row.quantizer.codes[0]]!;
  };
  const entries = [...rows.entries()].flatMap(([j, row]) =>
    row ? Array.from({ length: planesOf(row.quantizer) }, (_, plane) => ({ j, plane, row })) : [],
  );
  for (const { j, plane, row } of entries) {
    for (let d = 0; d < dIn; d++) {
      const groups = row.scale.length / planesOf(row.quantizer);
      start[places.of(plane, j, d)] = row.scale[plane * groups + Math.floor(d / (dIn / groups))]!;
    }
  }
  for (let d = 0; d < dIn; d++) start[places.count + d] = bDec[d]!;
  for (let t = 0; t < of.tokens; t++) {
    for (let d = 0; d < dIn; d++) {
      const design = new Map([[places.count + d, 1]]);
      for (const { j, plane } of entries) {
        const at = places.of(plane, j, d);
        design.set(at, (design.get(at) ?? 0) + z[t * dSae + j]! * levelAt(plane, j, d));
      }
      for (const [a, va] of design) {
        rhs[a]! += (va * tokens.target[t * dIn + d]!) / of.tokens;
        for (const [b, vb] of design) normal[a * unknowns + b]! += (va * vb) / of.tokens;
      }
    }
  }
  // The diagonal as refit has it: atoms that share a scale are taken for uncorrelated.
  const { meanSquare } = latentMoments(of);
  let diagonal = 0;
  for (const { j, plane } of entries) {
    for (let d = 0; d < dIn; d++) diagonal += (meanSquare[j]! * levelAt(plane, j, d) ** 2) / places.count;
  }
  for (let a = 0; a < places.count; a++) {
    normal[a * unknowns + a]! += ridge * diagonal;
    rhs[a]! += ridge * diagonal * start[a]!;
  }
  upperFactor(normal, unknowns);
  solveInFloat64(normal, unknowns, rhs, 1);
  const weights = new Float32Array(dSae * dIn);
  for (const { j, plane } of entries) {
    for (let d = 0; d < dIn; d++) weights[j * dIn + d]! += rhs[places.of(plane, j, d)]! * levelAt(plane, j, d);
  }
  return { weights, bDec: Float32Array.from(rhs.subarray(places.count)) };
}

const cases: readonly (readonly [string, RowQuantizers])[] = [
  ["a scale per atom", ternary()],
  ["a table", binary()],
  ["levels with an offset", centeredInt(2)],
  ["one scale for all", perTensor()],
  ["a scale per group", halves()],
  ["a scale per plane", stack()],
  [
    "different quantizers, and dropped atoms",
    (j) => [ternary(), stack(), undefined, perTensor(), centeredInt(3)][j % 5],
  ],
];

describe("refit", () => {
  for (const [name, quantizer] of cases) {
    it(`${name}: the least-squares solution, b_dec included`, async () => {
      const rows = await gptq(ops, { w, dIn, codes, quantizer });
      const before = ops.memory().tensors;
      const ridge = 0.01;
      const refitted = await refit(ops, { rows, bDec, codes, tokens, ridge, iterations: 100 });
      expect(ops.memory().tensors).toBe(before);
      const expected = denseSolution(codes, rows, ridge);
      weightsOfRows(refitted.rows, dIn).forEach((value, i) => {
        expect(value).toBeCloseTo(expected.weights[i]!, 3);
      });
      for (const [d, b] of refitted.bDec.entries()) expect(b).toBeCloseTo(expected.bDec[d]!, 3);
      for (const [j, row] of refitted.rows.entries()) expect(row?.codes).toEqual(rows[j]?.codes);
    });

    it.each([1, 30])(`${name}: after %s iterations the error is smaller`, async (iterations) => {
      const rows = await gptq(ops, { w, dIn, codes, quantizer });
      const errorOf = (of: typeof rows | CodedRows, b: Float32Array): number =>
        reconstructionError(codes, weightsOfRows(of, dIn), b, tokens);
      const refitted = await refit(ops, { rows, bDec, codes, tokens, iterations });
      expect(errorOf(refitted.rows, refitted.bDec)).toBeLessThan(errorOf(rows, bDec));
    });
  }

  it("keeps the scales of latents that never fire", async () => {
    const dead = (j: number): boolean => j % 2 === 0;
    const half = correlatedCodes({ tokens: 150, dSae, k: 6, seed: 1, dead });
    const rows = await gptq(ops, { w, dIn, codes: half, quantizer: ternary() });
    for (const ridge of [0, 1e-4]) {
      const refitted = await refit(ops, { rows, bDec, codes: half, tokens, ridge });
      for (const [j, row] of refitted.rows.entries()) {
        if (dead(j)) expect(row!.scale).toEqual(rows[j]!.scale);
        else expect(row!.scale).not.toEqual(rows[j]!.scale);
      }
    }
  });

  it("stays where it is where nothing is left to gain", async () => {
    const rows = await gptq(ops, { w, dIn, codes, quantizer: ternary() });
    const first = await refit(ops, { rows, bDec, codes, tokens, ridge: 0, iterations: 100 });
    const second = await refit(ops, { ...first, codes, tokens, ridge: 0 });
    for (const [j, row] of second.rows.entries()) expect(row!.scale[0]).toBeCloseTo(first.rows[j]!.scale[0]!, 3);
  });
});
