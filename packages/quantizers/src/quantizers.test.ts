import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, fakeQuantize, normals, type Backend, type Quantizer } from "@qsae/core";
import { describeQuantizer } from "@qsae/core/testing";
import { binary } from "./binary.ts";
import { centeredInt } from "./centered-int.ts";
import { codebook } from "./codebook.ts";
import { clippedStraightThrough } from "./estimators/clipped-straight-through.ts";
import { learnedStep } from "./estimators/learned-step.ts";
import { int } from "./int.ts";
import { lloydMaxLevels } from "./lloyd-max.ts";
import { nested } from "./nested.ts";
import { normalFloat } from "./normal-float.ts";
import { residual } from "./residual.ts";
import { ternary } from "./ternary.ts";
import { twosComplement } from "./twos-complement.ts";

// Held for all suites, which would each open the same one anew.
let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm");
  return () => backend.close();
});

describeQuantizer(binary());
describeQuantizer(ternary());
for (const bits of [2, 8]) {
  describeQuantizer(int(bits));
  describeQuantizer(centeredInt(bits));
}
describeQuantizer(twosComplement(4, 1.5));
describeQuantizer(twosComplement(1, 1));
describeQuantizer(codebook([-1.5, -0.25, 0, 0.5, 2]));
describeQuantizer(normalFloat(4));
describeQuantizer(nested(1));

// Every rule, with scales per group and per tensor.
for (const per of [8, "tensor"] as const) {
  describeQuantizer(binary({ per }));
  describeQuantizer(nested(3, { per }));
}
describeQuantizer(ternary({ per: 7 }));
describeQuantizer(int(3, { per: "tensor" }));
describeQuantizer(int(4, { fit: "absmax", per: 16 }));
describeQuantizer(centeredInt(2, { fit: "absmax" }));
describeQuantizer(codebook([-1, -0.2, 0.2, 1], { fit: "absmax", per: "tensor" }));

const planeByPlane = "codes are chosen plane by plane, so a sum may be reached by other codes than the nearest";
describeQuantizer(residual(ternary(), 2), { notIdempotent: planeByPlane });
describeQuantizer(residual(binary(), 2, { per: "tensor" }), { notIdempotent: planeByPlane });
describeQuantizer(residual(int(2), 2, { per: 8 }), { notIdempotent: planeByPlane });

describeQuantizer(clippedStraightThrough(int(4, { per: 8 })));
describeQuantizer(learnedStep(binary({ per: "tensor" })));

/** ||w - q||^2 / ||w||^2 of Gaussian rows of 512 weights. */
async function relativeError(quantizer: Quantizer): Promise<number> {
  const { ops } = backend;
  const error = ops.tidy(() => {
    const w = ops.tensor(normals(64 * 512, 1, 3), [64, 512]);
    const q = fakeQuantize(ops, quantizer, w, quantizer.calibrate(ops, w));
    return ops.div(ops.sum(ops.square(ops.sub(w, q))), ops.sum(ops.square(w)));
  });
  const { data } = await ops.read(error);
  ops.dispose(error);
  return data[0]!;
}

/** Least mean squared error of rounding N(0, 1) to `levels` on a uniform grid: numerical integration, best of many steps. */
function gaussianOptimum(levels: readonly number[]): number {
  const [width, cells] = [6, 4000];
  const error = (step: number): number => {
    let total = 0;
    for (let i = 0; i < cells; i++) {
      const w = -width + ((i + 0.5) * 2 * width) / cells;
      let nearest = Infinity;
      for (const level of levels) nearest = Math.min(nearest, (w - level * step) ** 2);
      total += nearest * Math.exp((-w * w) / 2);
    }
    return (total * 2 * width) / cells / Math.sqrt(2 * Math.PI);
  };
  return Math.min(...Array.from({ length: 60 }, (_, i) => error(0.05 * 1.07 ** i)));
}
const centered = (bits: number): number[] => Array.from({ length: 2 ** bits }, (_, i) => i - 2 ** (bits - 1) + 0.5);
const symmetric = (max: number): number[] => Array.from({ length: 2 * max + 1 }, (_, i) => i - max);

describe("error on Gaussian rows", () => {
  it.each([
    [binary(), [-1, 1]],
    [ternary(), symmetric(1)],
    [int(2), symmetric(1)],
    [int(3), symmetric(3)],
    [int(4), symmetric(7)],
    [centeredInt(2), centered(2)],
    [centeredInt(3), centered(3)],
    [centeredInt(4), centered(4)],
    [nested(3, { widthWeights: [0, 0, 1] }), centered(3)],
    [normalFloat(2), lloydMaxLevels(4)],
    [normalFloat(4), lloydMaxLevels(16)],
    [residual(ternary(), 2), symmetric(4)],
    [residual(binary(), 2), [-1.2734, -0.3222, 0.3222, 1.2734]],
  ])("%o is the optimum within 3 %", async (quantizer, levels) => {
    const [error, optimum] = [await relativeError(quantizer), gaussianOptimum(levels)];
    expect(error).toBeLessThan(optimum * 1.03);
    expect(error).toBeGreaterThan(optimum * 0.93);
  });
});
