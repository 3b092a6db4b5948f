import { describe, expect, it } from "vitest";
import { normals, type Tensor } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { relativeError } from "../../test/like-lowered.ts";
import { annealedBits } from "./annealed-bits.ts";
import { weights } from "./weights.ts";

const [F, D] = [10, 24];
const resolve = quantizersByName();
const { ops } = await testBackend();
const read = async (a: Tensor): Promise<Float32Array> => (await ops.read(a)).data as Float32Array;

describe.each([1, 2, 4])("%i bits", (bits) => {
  const quantizer = resolve(bits === 1 ? "binary" : `centered-int${bits}`);
  const soft = annealedBits({ bits, quantizer });
  const hard = weights({ name: "W_dec", quantizer });
  const init = () => soft.init(ops, ops.tensor(normals(F * D, 1, 3), [F, D]), 0);
  const error = async (progress: number): Promise<number> => {
    const params = init();
    const wanted = await read(hard.effective(ops, params, progress));
    return relativeError(await read(soft.effective(ops, params, progress)), wanted);
  };

  it("start soft, harden all the way, and are hard before the end", async () => {
    const errors = await Promise.all([0, 0.2, 0.4, 0.6, 0.8, 0.89, 0.9, 1].map(error));
    expect(errors.slice(0, 7)).toEqual(errors.slice(0, 7).toSorted((a, b) => b - a));
    expect(errors[5]).toBeLessThan(0.2 * errors[0]!);
    expect(errors.slice(6)).toEqual([0, 0]);
  });

  it("leave bits alone, but not scales, once they are hard", async () => {
    const params = init();
    const { grads } = ops.valueAndGrads(params, (p) => ({ loss: ops.sum(soft.effective(ops, p, 0.95)), aux: {} }));
    expect(Math.max(...(await read(ops.abs(grads["W_dec"]!))))).toBe(0);
    expect(Math.min(...(await read(ops.abs(grads["W_dec.log_scale"]!))))).toBeGreaterThan(0);
  });

  it("are levels where weights are levels, at any time", async () => {
    const params = init();
    const levels = await read(hard.effective(ops, params, 0));
    const atLevels = { ...params, W_dec: ops.tensor(levels, [F, D]) };
    for (const progress of [0, 0.5, 0.89, 1]) {
      expect(relativeError(await read(soft.effective(ops, atLevels, progress)), levels)).toBeLessThan(1e-6);
    }
  });

  it.each([0, 0.4])("have the gradients of finite differences at progress %f", async (progress) => {
    const params = init();
    const directions = { W_dec: normals(F * D, 1, 8), "W_dec.log_scale": normals(F, 1, 9) };
    const probe = ops.tensor(normals(F * D, 1, 7), [F, D]);
    const loss = (p: Record<string, Tensor>): Tensor => ops.sum(ops.mul(soft.effective(ops, p, progress), probe));
    const { grads } = ops.valueAndGrads(params, (p) => ({ loss: loss(p), aux: {} }));
    for (const [name, direction] of Object.entries(directions)) {
      const along = ops.tensor(direction, params[name]!.shape);
      const epsilon = 1e-3;
      const moved = (by: number) => loss({ ...params, [name]: ops.add(params[name]!, ops.mul(along, by)) });
      const [up, down] = [await read(moved(epsilon)), await read(moved(-epsilon))];
      const slope = (up[0]! - down[0]!) / (2 * epsilon);
      const expected = (await read(ops.sum(ops.mul(grads[name]!, along))))[0]!;
      expect(Math.abs(slope - expected), name).toBeLessThan(0.02 * Math.abs(expected) + 0.05);
    }
  });
});
