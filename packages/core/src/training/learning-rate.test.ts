import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRate } from "./learning-rate.ts";
import { parseTrainingConfig, type TrainingInput } from "./training-config.ts";

const rates = (input: TrainingInput, steps: number): number[] => {
  const config = parseTrainingConfig(input);
  return Array.from({ length: steps }, (_, i) => learningRate(config, i + 1, steps));
};

describe("learningRate", () => {
  it("warms up, holds, and decays to zero in a straight line", () => {
    const linear = rates({ lr: 1, lr_warmup_steps: 4, lr_decay_fraction: 0.5 }, 20);
    expect(linear.slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(linear.slice(4, 11)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(linear[19]).toBeCloseTo(0.1);
  });

  it("follows half a cosine over the whole run unless told otherwise", () => {
    const cosine = rates({ lr: 2, lr_schedule: "cosine", lr_warmup_steps: 0 }, 8);
    expect(cosine).toEqual([8, 7, 6, 5, 4, 3, 2, 1].map((r) => 1 - Math.cos((Math.PI * r) / 8)));
    expect(rates({ lr: 2, lr_schedule: "cosine", lr_warmup_steps: 0, lr_decay_fraction: 0.25 }, 8).slice(0, 7)).toEqual(
      Array.from({ length: 7 }, () => 2),
    );
  });

  it("stays where it is when constant", () => {
    expect(rates({ lr: 3, lr_schedule: "constant", lr_warmup_steps: 2 }, 5)).toEqual([1.5, 3, 3, 3, 3]);
  });

  it("rises only in the warm-up, never exceeds lr, never falls below its floor after it", () => {
    const config = fc.record({
      lr_schedule: fc.constantFrom("linear", "cosine"),
      lr_warmup_steps: fc.nat(30),
      lr_decay_fraction: fc.double({ min: 0, max: 1, noNaN: true }),
      lr_min_fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(config, fc.integer({ min: 1, max: 60 }), (input, steps) => {
        const all = rates({ lr: 1, ...input }, steps);
        all.forEach((rate, i) => {
          expect(rate).toBeGreaterThan(0);
          expect(rate).toBeLessThanOrEqual(1);
          if (i < input.lr_warmup_steps) return;
          expect(rate).toBeGreaterThanOrEqual(input.lr_min_fraction - 1e-12);
          if (i > input.lr_warmup_steps) expect(rate).toBeLessThanOrEqual(all[i - 1]!);
        });
      }),
    );
  });
});
