import fc from "fast-check";
import { expect, it } from "vitest";
import { l0Quantiles } from "./l0-quantiles.ts";

it("gives numbers of latents that tokens have", () => {
  const histogram = Float64Array.of(0, 0, 10, 0, 9, 1); // 20 tokens
  expect(l0Quantiles({ histogram })).toEqual({ min: 2, p05: 2, p25: 2, median: 2, p75: 4, p95: 4, max: 5 });
});

it("is the same number for a TopK SAE", () => {
  expect(Object.values(l0Quantiles({ histogram: Float64Array.of(0, 0, 0, 7) }))).toEqual(new Array(7).fill(3));
});

it("agrees with sorting the tokens", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }), (counts) => {
      const histogram = new Float64Array(10);
      for (const count of counts) histogram[count]! += 1;
      const sorted = counts.toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * counts.length) - 1)]!;
      const { min, p05, p25, median, p75, p95, max } = l0Quantiles({ histogram });
      expect([min, p05, p25, median, p75, p95, max]).toEqual([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1].map(at));
    }),
  );
});

it("is undefined without tokens", () => {
  expect(() => l0Quantiles({ histogram: new Float64Array(3) })).toThrow("no tokens");
});
