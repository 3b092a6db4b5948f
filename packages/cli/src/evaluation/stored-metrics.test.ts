import { describe, expect, it } from "vitest";
import { storedMetrics, storedOfLevel, withoutLevels } from "./stored-metrics.ts";

const summary = { fvu: 0.1, explained_variance: 0.9, mse: 1, l0: 5, dead: 2, dense: 1, tokens: 300, d_in: 4, d_sae: 8 };
const level = (levels: number, fvu: number) => ({
  levels,
  fvu,
  l0: 2 * levels,
  latents: 4,
  bits_per_weight: 2,
  bytes: 9,
});

describe("storedMetrics", () => {
  it("keeps four figures, and two of every level", () => {
    const plain = { fvu: 0.1, l0: 5, dead: 2, tokens: 300 };
    expect(storedMetrics(summary)).toEqual(plain);
    const stored = storedMetrics({ ...summary, by_level: [level(1, 0.3), level(2, 0.1)] });
    expect(stored).toEqual({ ...plain, fvu_level_1: 0.3, l0_level_1: 2, fvu_level_2: 0.1, l0_level_2: 4 });
    expect(storedOfLevel(stored, 1)).toEqual({ fvu: 0.3, l0: 2 });
    expect(storedOfLevel(stored, 3)).toEqual({});
    expect(withoutLevels(stored)).toEqual(plain);
  });
});
