import { describe, expect, it } from "vitest";
import { recordedAt } from "./recorded-steps.ts";

const stepsWith = (which: "recorded" | "compared", steps: number, every: number): number[] =>
  Array.from({ length: steps }, (_, i) => i + 1).filter((step) => recordedAt(step, steps, every)[which]);

describe("recordedAt", () => {
  it("is the first step, every so many, and the last", () => {
    expect(stepsWith("recorded", 107, 25)).toEqual([1, 25, 50, 75, 100, 107]);
    expect(stepsWith("recorded", 3, 25)).toEqual([1, 3]);
    expect(stepsWith("recorded", 1, 25)).toEqual([1]);
    expect(stepsWith("recorded", 4, 1)).toEqual([1, 2, 3, 4]);
  });

  it("compares at every twentieth of those, and at both ends", () => {
    expect(stepsWith("compared", 45, 1)).toEqual([1, 20, 40, 45]);
    expect(stepsWith("compared", 1100, 25)).toEqual([1, 500, 1000, 1100]);
    for (const step of stepsWith("compared", 101, 3)) expect(stepsWith("recorded", 101, 3)).toContain(step);
  });

  it("is never where it is off", () => {
    expect([...stepsWith("recorded", 50, 0), ...stepsWith("compared", 50, 0)]).toEqual([]);
  });
});
