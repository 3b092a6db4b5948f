import { NonFiniteError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { measure } from "./batches.fixture.ts";
import { mse } from "./mse.ts";

describe("mse", () => {
  it("averages squared errors over tokens and dimensions", () => {
    const tokens = [
      { x: [1, 0], reconstruction: [2, 0] },
      { x: [3, 4], reconstruction: [3, 1] },
    ];
    expect(measure(mse(), tokens)).toBe((1 + 9) / 4);
    expect(measure(mse(), tokens, [1])).toBe((1 + 9) / 4);
  });

  it("measures against the target where there is one", () => {
    expect(measure(mse(), [{ x: [9], target: [3], reconstruction: [1] }])).toBe(4);
    expect(() => measure(mse(), [{ x: [9], target: [NaN], reconstruction: [1] }])).toThrow(NonFiniteError);
  });

  it("is defined for a single token and undefined for none", () => {
    expect(measure(mse(), [{ x: [3], reconstruction: [1] }])).toBe(4);
    expect(() => mse().start({ dIn: 1, dSae: 1 }).finish()).toThrow("no tokens");
  });

  it("refuses NaN", () => {
    expect(() => measure(mse(), [{ x: [NaN] }])).toThrow(NonFiniteError);
  });
});
