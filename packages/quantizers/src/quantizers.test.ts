import { describe, expect, it } from "vitest";
import { openBackend, fakeQuantize, normals, type Quantizer } from "@qsae/core";
import { describeQuantizer } from "@qsae/core/testing";
import { binary } from "./binary.ts";
import { centeredInt } from "./centered-int.ts";
import { int } from "./int.ts";
import { ternary } from "./ternary.ts";
import { quantizerName, quantizersByName } from "./by-name.ts";

describeQuantizer(binary());
describeQuantizer(ternary());
for (const bits of [2, 3, 4, 5, 6, 7, 8]) {
  describeQuantizer(int(bits));
  describeQuantizer(centeredInt(bits));
}

/** ||w - q||^2 / ||w||^2 of Gaussian rows of 512 weights. */
async function relativeError(quantizer: Quantizer): Promise<number> {
  const { ops } = await openBackend("wasm");
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
      const nearest = Math.min(...levels.map((level) => (w - level * step) ** 2));
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
  ])("%o is the optimum within 3 %", async (quantizer, levels) => {
    const [error, optimum] = [await relativeError(quantizer), gaussianOptimum(levels)];
    expect(error).toBeLessThan(optimum * 1.03);
    expect(error).toBeGreaterThan(optimum * 0.93);
  });
});

describe("names", () => {
  it.each(["binary", "ternary", "int2", "int8", "centered-int2"])("%s resolves to itself", (name) => {
    expect(quantizerName(quantizersByName()(name))).toBe(name);
  });
  it("resolves stored options", () => {
    expect(quantizersByName()("int", { bits: 5 }).codes).toEqual([-15, 15]);
  });
  it("prefers a user's quantizer", () => {
    const own = { ...ternary(), id: "mine" };
    expect(quantizersByName([own])("mine")).toBe(own);
  });
  it("refuses unknown names with what is allowed", () => {
    expect(() => quantizersByName()("int9")).toThrow(
      'unknown quantizer "int9"; allowed: binary, ternary, int2 .. int8, centered-int2 .. centered-int8',
    );
    expect(() => quantizersByName()("int")).toThrow("bits are missing");
    expect(() => int(1)).toThrow("bits=1 is not allowed");
    expect(() => centeredInt(9)).toThrow("bits=9 is not allowed");
  });
});
