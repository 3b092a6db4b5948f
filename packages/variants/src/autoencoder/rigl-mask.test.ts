import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type Tensor, type TensorOps } from "@qsae/core";
import { MASK } from "./mask.ts";
import { magnitudeMask, riglMask } from "./rigl-mask.ts";

const [F, D] = [6, 5];
let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});
const read = async (a: Tensor): Promise<number[]> => [...(await ops.read(a)).data];
const count = (values: readonly number[]): number => values.filter((value) => value !== 0).length;

describe("magnitudeMask", () => {
  it("leaves out the share of smallest magnitude", async () => {
    expect(await read(magnitudeMask(ops, ops.tensor([3, -1, 2, -4], [2, 2]), 0.5))).toEqual([1, 0, 0, 1]);
  });
  it("keeps everything at 0 and refuses to mask everything", async () => {
    expect(await read(magnitudeMask(ops, ops.tensor([0, 1], [1, 2]), 0))).toEqual([1, 1]);
    expect(() => magnitudeMask(ops, ops.tensor([0, 1], [1, 2]), 1)).toThrow("sparsity=1 is not in [0, 1)");
  });
});

describe("riglMask", () => {
  const constraint = riglMask({ sparsity: 0.6, dropFraction: 0.5, everySteps: 3 });
  const start = () => {
    const w = ops.tensor(normals(F * D, 1, 3), [F, D]);
    const mask = magnitudeMask(ops, w, 0.6);
    return { W_dec: ops.mul(w, mask), [MASK]: mask };
  };
  const at = (step: number, latents: readonly number[]) => ({
    step,
    progress: 0,
    statistics: { mean_latents: ops.tensor(latents, [F]), mean_error: ops.tensor([1, 2, 3, 4, 5], [D]) },
    gradients: {},
  });

  it("keeps density, drops the smallest and grows where error and latent are largest", async () => {
    const before = start();
    const { params: after } = constraint.afterStep!(ops, before, at(3, [0, 0, 0, 0, 0, 9]));
    const [mask, w, oldMask, old] = await Promise.all(
      [after[MASK]!, after["W_dec"]!, before[MASK], before.W_dec].map(read),
    );
    expect(count(mask!)).toBe(count(oldMask!));
    expect(count(mask!)).toBe(12);
    expect(mask!.slice(25)).toEqual([1, 1, 1, 1, 1]); // latent 5 alone is active: its row is grown whole
    for (const [i, value] of w!.entries()) expect(value).toBe(mask![i] ? old![i] : old![i]! * 0);
    const magnitudes = old!.map(Math.abs).filter((m) => m > 0);
    const largest = magnitudes.sort((a, b) => b - a).slice(0, 6);
    for (const m of largest) expect(w!.map(Math.abs)).toContain(m);
  });
  it("grows as many when no latent fired", async () => {
    const { params: after } = constraint.afterStep!(ops, start(), at(3, [0, 0, 0, 0, 0, 0]));
    expect(count(await read(after[MASK]!))).toBe(12);
  });
  it("does nothing between updates", () => {
    const before = start();
    expect(constraint.afterStep!(ops, before, at(4, [1, 1, 1, 1, 1, 1])).params).toBe(before);
  });
});
