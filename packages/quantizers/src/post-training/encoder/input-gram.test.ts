import { describe, expect, it } from "vitest";
import { normals } from "@qsae/core";
import { inputGram } from "./input-gram.ts";

const [tokens, dIn] = [37, 6];
const x = normals(tokens * dIn, 2, 1).map((value) => value + 1);

/** U^T U / N */
function product(u: (token: number, d: number) => number): number[] {
  return Array.from({ length: dIn * dIn }, (_, at) => {
    let sum = 0;
    for (let token = 0; token < tokens; token++) sum += u(token, Math.floor(at / dIn)) * u(token, at % dIn);
    return sum / tokens;
  });
}

describe("inputGram", () => {
  it("is U^T U / N of the tokens, or of their distance from a center", () => {
    const center = normals(dIn, 1, 2);
    const cases = [
      [inputGram({ tokens, dIn, x, target: x }), product((t, d) => x[t * dIn + d]!)],
      [inputGram({ tokens, dIn, x, target: x }, center), product((t, d) => x[t * dIn + d]! - center[d]!)],
    ] as const;
    for (const [gram, expected] of cases) {
      expect(gram).toHaveLength(dIn * dIn);
      for (const [at, value] of expected.entries()) expect(gram[at]).toBeCloseTo(value, 10);
    }
  });

  it("is symmetric to the bit, and 0 of zeros", () => {
    const gram = inputGram({ tokens, dIn, x, target: x });
    for (let a = 0; a < dIn; a++) for (let b = 0; b < dIn; b++) expect(gram[a * dIn + b]).toBe(gram[b * dIn + a]);
    const zeros = new Float32Array(x.length);
    expect(inputGram({ tokens, dIn, x: zeros, target: zeros }).every((value) => value === 0)).toBe(true);
  });
});
