import { describe, expect, it } from "vitest";
import { parityProblem } from "./parity.ts";

const row = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

describe("parityProblem", () => {
  it("allows 1e-4 of the entry plus 1e-5 of the largest", () => {
    expect(parityProblem(row(10 + 1.05e-3, 9e-5), row(10, 0))).toBeUndefined();
    expect(parityProblem(row(10 + 1.2e-3, 0), row(10, 0))).toMatch("entry 0 is 10.001");
    expect(parityProblem(row(10, 1.2e-4), row(10, 0))).toMatch("entry 1 is");
  });
  it("refuses NaN and other shapes", () => {
    expect(parityProblem(row(NaN), row(1), 1)).toMatch("entry 0 is NaN");
    expect(parityProblem(row(1, 1), row(1))).toMatch("shape is [2]; the golden has [1]");
  });
  it("after Adam steps, lets one entry in a thousand be two steps further off", () => {
    const golden = { shape: [2000], data: new Float32Array(2000).fill(1) };
    const off = (count: number, by: number) => ({
      shape: [2000],
      data: golden.data.map((b, i) => (i < count ? b + by : b)),
    });
    expect(parityProblem(off(2, 0.02), golden, 0.01)).toBeUndefined();
    expect(parityProblem(off(3, 0.02), golden, 0.01)).toMatch("no. 3 of 2 allowed");
    expect(parityProblem(off(1, 0.021), golden, 0.01)).toMatch("entry 0");
    expect(parityProblem(off(1, 0.02), golden)).toMatch("entry 0");
  });
});
