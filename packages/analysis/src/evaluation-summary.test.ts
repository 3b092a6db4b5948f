import { describe, expect, it } from "vitest";
import { measure, type Token } from "./metrics/batches.fixture.ts";
import { evaluationSummary, standardMetrics } from "./evaluation-summary.ts";

const tokens: Token[] = [
  { x: [1, 0], reconstruction: [2, 0], latents: { 0: 1, 1: 1 } },
  { x: [3, 4], reconstruction: [3, 2], latents: { 0: 1 } },
];
const { fvu, mse, l0, density, shrinkage } = standardMetrics();
const metrics = {
  fvu: measure(fvu, tokens),
  mse: measure(mse, tokens),
  l0: measure(l0, tokens),
  density: measure(density, tokens),
  shrinkage: measure(shrinkage, tokens),
};

describe("evaluationSummary", () => {
  it("gives the figures of an evaluation under their JSON keys", () => {
    const size = { dIn: 2, dSae: 8, bitsPerWeight: 1.6, fileBytes: 16 };
    expect(evaluationSummary({ metrics, tokens: 2, saeMs: 4 }, size)).toEqual({
      fvu: 0.5,
      explained_variance: 0.5,
      mse: 5 / 4,
      l0: 1.5,
      dead: 6,
      dense: 2,
      shrinkage: 17 / 19, // (4 + 9 + 4) / (2 + 9 + 8)
      tokens: 2,
      d_in: 2,
      d_sae: 8,
      bits_per_weight: 1.6,
      file_bits_per_weight: 4,
      bytes: 16,
      tokens_per_second: 500,
    });
  });

  it("leaves out what is not known", () => {
    const unknown = { ...metrics, shrinkage: undefined };
    const summary = evaluationSummary({ metrics: unknown, tokens: 2, saeMs: 0 }, { dIn: 2, dSae: 8 });
    const known = ["fvu", "explained_variance", "mse", "l0", "dead", "dense", "tokens", "d_in", "d_sae"];
    expect(Object.keys(summary)).toEqual(known);
  });
});
