import { describe, expect, it } from "vitest";
import { openBackend, fakeQuantize, normals, type Quantizer } from "@qsae/core";
import { describeQuantizer } from "@qsae/core/testing";
import { binary } from "./binary.ts";
import { int } from "./int.ts";
import { ternary } from "./ternary.ts";
import { quantizerName, quantizersByName } from "./by-name.ts";

describeQuantizer(binary());
describeQuantizer(ternary());
for (const bits of [2, 3, 4, 5, 6, 7, 8]) describeQuantizer(int(bits));

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

describe("error on Gaussian rows", () => {
  // Least-squares figures for D = 512; a naive absmax scale gives 0.565 at 2 bits, 0.090 at 3, 0.018 at 4.
  it.each([
    [binary(), 0.363],
    [ternary(), 0.19],
    [int(3), 0.037],
    [int(4), 0.0112],
  ])("%o is the known optimum within 3 %", async (quantizer, known) => {
    const error = await relativeError(quantizer);
    expect(error).toBeLessThan(known * 1.03);
    expect(error).toBeGreaterThan(known * 0.9);
  });
});

describe("names", () => {
  it.each(["binary", "ternary", "int2", "int8"])("%s resolves to itself", (name) => {
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
    expect(() => quantizersByName()("int9")).toThrow('unknown quantizer "int9"; allowed: binary, ternary, int2 .. int8');
    expect(() => quantizersByName()("int")).toThrow("bits are missing");
    expect(() => int(1)).toThrow("bits=1 is not allowed");
  });
});
