import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { ternary } from "../ternary.ts";
import { decodeRow, planesOf } from "./coded-rows.ts";
import { halves, perTensor, stack, thresholded } from "./problems.fixture.ts";
import { calibratedGrids, fittedScale, roundRow } from "./round-row.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});
const quantizers = [binary(), ternary(), centeredInt(2), perTensor(), halves(), stack(), thresholded()];

describe("calibratedGrids and roundRow", () => {
  it.each(quantizers.map((quantizer) => [quantizer.id, quantizer] as const))(
    "%s: row by row what encoding the matrix gives",
    async (_, quantizer) => {
      const [rows, cols] = [5, 12];
      const w = normals(rows * cols, 1, 3);
      const before = ops.memory().tensors;
      const whole = ops.tidy(() => {
        const a = ops.tensor(w, [rows, cols]);
        return quantizer.encode(ops, a, quantizer.calibrate(ops, a));
      });
      const codes = (await ops.read(whole)).data; // [planes, rows, cols]
      ops.dispose(whole);
      const grids = calibratedGrids(ops, quantizer, w, rows);
      expect(grids.shared).toBe(quantizer.id === "per-tensor");
      for (let row = 0; row < rows; row++) {
        const rounded = await roundRow(ops, quantizer, w.subarray(row * cols, (row + 1) * cols), () => grids.of(row));
        for (let plane = 0; plane < planesOf(quantizer); plane++) {
          const from = (plane * rows + row) * cols;
          expect([...rounded.codes.subarray(plane * cols, (plane + 1) * cols)].map((code) => code + 0)).toEqual(
            Array.from(codes.slice(from, from + cols), (code) => code + 0),
          );
        }
      }
      grids.dispose();
      expect(ops.memory().tensors).toBe(before);
    },
  );
});

describe("fittedScale", () => {
  const error = (row: Parameters<typeof fittedScale>[0], w: Float32Array): number => {
    const q = new Float32Array(w.length);
    decodeRow({ ...row, sharedScale: false }, q);
    return w.reduce((sum, value, d) => sum + (value - q[d]!) ** 2, 0);
  };
  const problem = fc.record({
    quantizer: fc.constantFrom(...quantizers),
    seed: fc.nat(),
    groups: fc.constantFrom(1, 2, 4),
    size: fc.double({ min: 0.1, max: 3, noNaN: true }),
  });

  it("never makes the error larger, whatever codes and scales are given", () => {
    fc.assert(
      fc.property(problem, ({ quantizer, seed, groups, size }) => {
        const [cols, planes] = [16, planesOf(quantizer)];
        const w = normals(cols, 1, seed);
        const [min, max] = quantizer.codes;
        const codes = Int16Array.from(normals(cols * planes, max, seed + 1), (code) =>
          Math.max(min, Math.min(max, Math.round(code))),
        );
        const scale = normals(planes * groups, size, seed + 2).map((s) => Math.abs(s));
        const fitted = fittedScale({ quantizer, codes, scale }, w);
        expect(error({ quantizer, codes, scale: fitted }, w)).toBeLessThanOrEqual(
          error({ quantizer, codes, scale }, w) * (1 + 1e-5) + 1e-9,
        );
        expect(fitted.every((s) => s > 0)).toBe(true);
      }),
    );
  });

  it("is the least-squares scale of each group", () => {
    const quantizer = ternary();
    const codes = Int16Array.of(1, -1, 0, 1, 0, 0);
    const w = Float32Array.of(2, -4, 100, 3, 7, -1);
    expect([...fittedScale({ quantizer, codes, scale: Float32Array.of(1, 1) }, w)]).toEqual([3, 3]);
    expect([...fittedScale({ quantizer, codes, scale: Float32Array.of(1) }, w)]).toEqual([3]);
  });

  it("leaves a scale where there is nothing to fit, or what fits is negative", () => {
    const fit = (codes: number[], w: number[]) =>
      fittedScale(
        { quantizer: ternary(), codes: Int16Array.from(codes), scale: Float32Array.of(0.5) },
        Float32Array.from(w),
      );
    expect([...fit([0, 0], [1, 2])]).toEqual([0.5]);
    expect([...fit([1, -1], [-1, 1])]).toEqual([0.5]);
  });
});
