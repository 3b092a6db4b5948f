import { describe, expect, it } from "vitest";
import { normals, type StepContext, type Tensor, type Tensors } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { relu } from "../field.ts";
import { l1, lpPower } from "./l1.ts";

const { ops } = await testBackend();

const numberOf = async (a: Tensor): Promise<number> => (await ops.read(a)).data[0]!;

describe("the p-norm", () => {
  it("is L1 at p = 1, and near the number of latents at small p", async () => {
    const a = ops.tensor([0, 1, 0, 2, 3, 0], [2, 3]);
    expect(await numberOf(lpPower(ops, a, ops.fill([1], 1)))).toBeCloseTo(3, 5);
    expect(await numberOf(l1(ops, a))).toBeCloseTo(3, 5);
    expect(await numberOf(lpPower(ops, a, ops.fill([1], 0.5)))).toBeCloseTo((1 + Math.SQRT2 + Math.sqrt(3)) / 2, 1);
  });
});

describe("p-annealing", () => {
  const variant = relu(
    { d_in: 6, d_sae: 10, l1_coefficient: 0.5, sparsity_warmup_fraction: 0, p_end: 0.2, p_anneal_start_fraction: 0.5 },
    quantizersByName(),
  );
  const x = normals(8 * 6, 1, 1);
  /** The same parameters and batch throughout: only the exponent moves. */
  const penalties = async (progresses: readonly number[]): Promise<{ penalty: number[]; exponent: number[] }> => {
    let params: Tensors = variant.init(ops, { seed: 1, center: new Float32Array(6), deviation: 2 });
    const [penalty, exponent]: number[][] = [[], []];
    for (const [i, progress] of progresses.entries()) {
      const { losses, statistics = {} } = variant.forward(ops, params, { x: ops.tensor(x, [8, 6]), progress });
      penalty!.push(await numberOf(losses["l1"]!));
      const context: StepContext = { step: i + 1, progress, statistics, gradients: {} };
      params = variant.afterStep!(ops, params, context).params;
      exponent!.push(await numberOf(params["l1.exponent"]!));
    }
    return { penalty: penalty!, exponent: exponent! };
  };

  it("lowers the exponent linearly from its start to the end of the run", async () => {
    const { exponent } = await penalties([0, 0.5, 0.75, 1]);
    [1, 1, 0.6, 0.2].forEach((p, i) => expect(exponent[i]).toBeCloseTo(p, 5));
  });
  it("keeps the strength of the penalty as the exponent falls", async () => {
    const { penalty } = await penalties([0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    for (const value of penalty) expect(value / penalty[0]!).toBeCloseTo(1, 3);
  });
  it("needs p_end", () => {
    expect(() => relu({ d_in: 6, d_sae: 10, p_anneal_start_fraction: 0.5 }, quantizersByName())).toThrow(
      "variant relu: p_anneal_start_fraction is given without p_end",
    );
  });
});
