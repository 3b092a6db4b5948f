import { beforeAll, describe, expect, it } from "vitest";
import {
  defineQuantizer,
  fakeQuantize,
  normals,
  openBackend,
  type Grid,
  type Quantizer,
  type Tensor,
  type TensorOps,
} from "@qsae/core";
import { binary } from "./binary.ts";
import { codebook } from "./codebook.ts";
import { int } from "./int.ts";
import { nested } from "./nested.ts";
import { residual } from "./residual.ts";
import type { ScalePer } from "./scale-options.ts";
import { shareScale } from "./share-scale.ts";
import { ternary } from "./ternary.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});
const [rows, cols, group] = [5, 24, 8];
const rounded = async (quantizer: Quantizer, w: Float32Array, shape: [number, number]): Promise<number[]> => {
  const q: Tensor = ops.tidy(() => {
    const weights = ops.tensor(w, shape);
    return fakeQuantize(ops, quantizer, weights, quantizer.calibrate(ops, weights));
  });
  const { data } = await ops.read(q);
  ops.dispose(q);
  return [...data];
};

describe.each<[string, (per?: ScalePer) => Quantizer]>([
  ["binary", (per) => binary(per === undefined ? {} : { per })],
  ["ternary", (per) => ternary(per === undefined ? {} : { per })],
  ["int3", (per) => int(3, per === undefined ? {} : { per })],
  ["codebook", (per) => codebook([-1, -0.2, 0.5], per === undefined ? {} : { per })],
  ["nested2", (per) => nested(2, per === undefined ? {} : { per })],
  ["residual2-ternary", (per) => residual(ternary(), 2, per === undefined ? {} : { per })],
])("%s", (_, make) => {
  const w = normals(rows * cols, 1, 5).map((value, i) => value * (1 + (i % 7)));
  it("with a scale per group does to a group what it does to an atom of that length", async () => {
    expect(await rounded(make(group), w, [rows, cols])).toEqual(
      await rounded(make(), w, [(rows * cols) / group, group]),
    );
  });
  it("with one scale does to the matrix what it does to one long atom", async () => {
    expect(await rounded(make("tensor"), w, [rows, cols])).toEqual(await rounded(make(), w, [1, rows * cols]));
  });
});

describe("shareScale", () => {
  it("keeps the quantizer where every atom has its scale", () => {
    const quantizer = int(4);
    expect(shareScale(quantizer)).toBe(quantizer);
    expect(int(4, { per: "atom" }).options).toEqual({ bits: 4 });
  });
  it("stores the scale per group", async () => {
    const grid = ops.tidy(() =>
      int(4, { per: group }).calibrate(ops, ops.tensor(normals(rows * cols, 1, 6), [rows, cols])),
    );
    expect(grid.scale.shape).toEqual([rows, cols / group]);
    const stack = ops.tidy(() => residual(int(2), 3, { per: group }).calibrate(ops, ops.fill([rows, cols], 1)));
    expect(stack.scale.shape).toEqual([3, rows, cols / group]);
    ops.dispose([grid.scale, stack.scale]);
  });
  it("takes other tensors of the grid and a gradient of one's own along", async () => {
    const own = defineQuantizer({
      id: "own",
      options: {},
      codes: [-1, 1],
      dequantize: { kind: "affine" },
      calibrate: (o, w) => ({ scale: o.max(o.abs(w), 1, true), threshold: o.mean(o.abs(w), 1, true) }),
      encode: (o, w, { threshold }) => o.mul(o.sign(w), o.greater(o.abs(w), threshold!)),
      backward: (o, dy, _w, { scale, threshold }) => ({ w: o.mul(dy, scale), threshold: o.mul(threshold!, 3) }),
    } satisfies Quantizer as Quantizer);
    const shared = shareScale(own, 2);
    const grads = ops.tidy(() => {
      const w = ops.tensor([1, -3, 5, 1], [1, 4]);
      const grid = shared.calibrate(ops, w);
      return ops.valueAndGrads({ w, ...grid }, ({ w: weights, ...rest }) => ({
        loss: ops.sum(fakeQuantize(ops, shared, weights!, rest as unknown as Grid)),
        aux: {},
      })).grads;
    });
    expect([...(await ops.read(grads["w"]!)).data]).toEqual([3, 3, 5, 5]);
    expect(grads["threshold"]!.shape).toEqual([1, 2]);
    expect([...(await ops.read(grads["threshold"]!)).data]).toEqual([6, 9]);
    expect([...(await ops.read(grads["scale"]!)).data]).toEqual([0, 0]);
    ops.dispose(Object.values(grads));
  });
  it("refuses groups that rows do not fill, with both numbers", () => {
    expect(() => ops.tidy(() => ternary({ per: 64 }).calibrate(ops, ops.fill([2, 40], 1)))).toThrow(
      "quantizer ternary: rows of 40 weights cannot be split into groups of 64; use a group size that divides 40",
    );
  });
  it.each([0, 1, 2.5, NaN, -4, "row" as never])("refuses %s as a way to share", (per) => {
    expect(() => int(4, { per })).toThrow(/quantizer int: per=.* is not allowed; use "atom", "tensor"/);
  });
  it("refuses what is shared already", () => {
    expect(() => shareScale(int(4, { per: 8 }), 4)).toThrow("its scales are per 8 already");
    const perTensor = { ...int(4, { per: "tensor" }), options: {} };
    expect(() => ops.tidy(() => shareScale(perTensor, 4).calibrate(ops, ops.fill([2, 8], 1)))).toThrow(
      "its scale of 4 rows is [1, 1]; only a scale per row can be shared otherwise",
    );
  });
});

it("gives zero atoms weights of (nearly) zero, whatever the levels", async () => {
  const zeros = new Float32Array(16);
  for (const quantizer of [binary(), ternary(), int(4), nested(3), codebook([-1, 2]), residual(binary(), 2)]) {
    for (const weight of await rounded(quantizer, zeros, [1, 16])) expect(Math.abs(weight)).toBeLessThan(3e-7);
  }
});
