import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type TensorOps } from "@qsae/core";
import { inputGram } from "./input-gram.ts";

/** More than are summed at once in float32. */
const [tokens, dIn] = [1061, 6];
const x = normals(tokens * dIn, 2, 1).map((value) => value + 1);

/** U^T U / N */
function product(u: (token: number, d: number) => number): number[] {
  return Array.from({ length: dIn * dIn }, (_, at) => {
    let sum = 0;
    for (let token = 0; token < tokens; token++) sum += u(token, Math.floor(at / dIn)) * u(token, at % dIn);
    return sum / tokens;
  });
}

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("wasm")).ops;
});

describe("inputGram", () => {
  it("is U^T U / N of the tokens, or of their distance from a center", async () => {
    const center = normals(dIn, 1, 2);
    const cases = [
      [await inputGram(ops, { tokens, dIn, x, target: x }), product((t, d) => x[t * dIn + d]!)],
      [await inputGram(ops, { tokens, dIn, x, target: x }, center), product((t, d) => x[t * dIn + d]! - center[d]!)],
    ] as const;
    for (const [gram, expected] of cases) {
      expect(gram).toHaveLength(dIn * dIn);
      // A block of float32 sums is off by at most (n + 2) 2^-24 of its absolute terms; what it is off by is a root of that.
      const scale = Math.max(...expected.map(Math.abs));
      for (const [at, value] of expected.entries()) expect(Math.abs(gram[at]! - value)).toBeLessThan(1e-6 * scale);
    }
  });

  it("is symmetric to the bit, and 0 of zeros", async () => {
    const before = ops.memory().tensors;
    const gram = await inputGram(ops, { tokens, dIn, x, target: x });
    for (let a = 0; a < dIn; a++) for (let b = 0; b < dIn; b++) expect(gram[a * dIn + b]).toBe(gram[b * dIn + a]);
    const zeros = new Float32Array(x.length);
    const ofZeros = await inputGram(ops, { tokens, dIn, x: zeros, target: zeros });
    expect(ofZeros.every((value) => value === 0)).toBe(true);
    expect(ops.memory().tensors).toBe(before);
  });
});
