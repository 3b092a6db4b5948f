/** Decoding rules and the checks around quantizers, on numbers small enough to compute by hand. */
import { beforeAll, describe, expect, it } from "vitest";
import { dequantizeMatrix, elementCount, NonFiniteError } from "@qsae/runtime";
import type { Quantizer } from "../contracts/quantizer.ts";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { openBackend } from "../backends/open-backend.ts";
import { defineQuantizer } from "./define-quantizer.ts";
import { dequantize, scaleGradient, type Decodable } from "./dequantize.ts";
import { fakeQuantize } from "./fake-quantize.ts";
import { packMatrix } from "./pack-matrix.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});
const read = async (a: Tensor): Promise<number[]> => {
  const { data } = await ops.read(a);
  ops.dispose(a);
  return [...data];
};

const affine: Decodable = { codes: [-2, 1], dequantize: { kind: "affine", offset: 0.5 } };
const table: Decodable = { codes: [0, 2], dequantize: { kind: "table", levels: [-4, 0, 8] } };
const sum: Decodable = { codes: [-1, 1], dequantize: { kind: "sum", planes: 2, each: { kind: "affine" } } };

describe("dequantize", () => {
  it("affine: (code + offset) * scale, a scale per atom", async () => {
    const w = ops.tidy(() => dequantize(ops, affine, ops.tensor([-2, -1, 0, 1], [2, 2]), ops.tensor([2, 10], [2, 1])));
    expect(await read(w)).toEqual([-3, -1, 5, 15]);
  });
  it("table: levels[code - min] * scale, one scale for all", async () => {
    const w = ops.tidy(() => dequantize(ops, table, ops.tensor([0, 1, 2, 2], [2, 2]), ops.tensor([0.5], [1, 1])));
    expect(await read(w)).toEqual([-2, 0, 4, 4]);
  });
  it("a scale per group of weights", async () => {
    const w = ops.tidy(() => dequantize(ops, affine, ops.zeros([1, 4]), ops.tensor([2, 4], [1, 2])));
    expect(await read(w)).toEqual([1, 1, 2, 2]);
  });
  it("sum: planes with codes and scales of their own", async () => {
    const codes = ops.tensor([1, -1, 0, 1], [2, 1, 2]);
    const w = ops.tidy(() => dequantize(ops, sum, codes, ops.tensor([10, 1], [2, 1, 1])));
    expect(await read(w)).toEqual([10, -9]);
    ops.dispose(codes);
  });
});

describe("scaleGradient", () => {
  it.each([
    ["per atom", affine, [-2, -1, 0, 1], [2, 2], [2, 1], [1 * -1.5 + 2 * -0.5, 3 * 0.5 + 4 * 1.5]],
    ["per tensor", affine, [-2, -1, 0, 1], [2, 2], [1, 1], [-2.5 + 7.5]],
    ["per group", affine, [-2, -1, 0, 1], [1, 4], [1, 2], [-2.5, 7.5]],
    ["per plane", sum, [1, -1, 0, 1], [2, 1, 2], [2, 1, 1], [1 - 2, 2]],
  ] as const)(
    "%s: the sum of dy * level over what shares the scale",
    async (_name, rule, codes, shape, scaleShape, expected) => {
      const dyShape = shape.length === 3 ? shape.slice(1) : shape;
      const count = elementCount(dyShape);
      const gradient = ops.tidy(() => {
        const dy = ops.tensor(
          Array.from({ length: count }, (_, i) => i + 1),
          dyShape,
        );
        return scaleGradient(ops, rule, dy, ops.tensor(codes, shape), ops.fill(scaleShape, 1));
      });
      expect(gradient.shape).toEqual([...scaleShape]);
      expect(await read(gradient)).toEqual(expected);
    },
  );
});

const sign: Quantizer = {
  id: "sign",
  options: {},
  codes: [-1, 1],
  dequantize: { kind: "affine" },
  calibrate: (o, w) => ({ scale: o.mean(o.abs(w), 1, true) }),
  encode: (o, w) => o.sign(w),
};

describe("fakeQuantize", () => {
  it("takes a quantizer's own gradients, zero for the grid tensors it leaves out", async () => {
    const own = { ...sign, backward: (o: TensorOps, dy: Tensor) => ({ w: o.mul(dy, 7) }) };
    const [w, scale] = [ops.tensor([2, -3], [1, 2]), ops.tensor([1], [1, 1])];
    const grads = ops.tidy(
      () =>
        ops.valueAndGrads({ w, scale }, (p) => ({
          loss: ops.sum(fakeQuantize(ops, own, p["w"]!, { scale: p["scale"]! })),
          aux: {},
        })).grads,
    );
    expect(await read(grads["w"]!)).toEqual([7, 7]);
    expect(await read(grads["scale"]!)).toEqual([0]);
    ops.dispose([w, scale]);
  });
});

describe("packMatrix", () => {
  it("stores scales as F16 where they survive it, else as F32", async () => {
    const ordinary = await packMatrix(ops, sign, { shape: [1, 2], data: Float32Array.of(0.3, -0.1) });
    expect(ordinary.planes[0]!.scaleDtype).toBe("F16");
    const tiny = await packMatrix(ops, sign, { shape: [1, 2], data: Float32Array.of(3e-9, -1e-9) });
    expect(tiny.planes[0]!.scaleDtype).toBe("F32");
    expect([...dequantizeMatrix(tiny)]).toEqual([Math.fround(2e-9), -Math.fround(2e-9)]);
  });
  it.each([NaN, Infinity, -Infinity])("names the weight that is %f", async (weight) => {
    const weights = { shape: [2, 2], data: Float32Array.of(1, 1, 1, weight) };
    const grid = { scale: { shape: [2, 1], data: Float32Array.of(1, 1) } };
    for (const given of [undefined, grid]) {
      const packing = packMatrix(ops, sign, weights, given);
      await expect(packing).rejects.toThrow(NonFiniteError);
      await expect(packing).rejects.toThrow(`quantizer sign: the weight in row 1, column 1 is ${weight}`);
    }
  });
  it("names the row of a scale that is not finite", async () => {
    const weights = { shape: [2, 2], data: Float32Array.of(1, 1, 1, 1) };
    const grid = { scale: { shape: [2, 1], data: Float32Array.of(1, NaN) } };
    await expect(packMatrix(ops, sign, weights, grid)).rejects.toThrow("quantizer sign: scale of row 1 is NaN");
  });
  it.each([[[2]], [[2, 3]], [[4, 1]], [[1, 2, 1]]])("refuses a scale of shape %j", async (shape) => {
    const weights = { shape: [2, 2], data: Float32Array.of(1, 1, 1, 1) };
    const scale = { shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1) };
    const loose: Quantizer = { ...sign, encode: (o, w) => o.sign(w) };
    await expect(packMatrix(ops, loose, weights, { scale })).rejects.toThrow(
      `the scale of [2, 2] weights is [${shape.join(", ")}]; expected [2, 1], [1, 1] or [2, groups] with groups a divisor of 2`,
    );
  });
  it("refuses codes out of the declared range", async () => {
    const careless = { ...sign, encode: (o: TensorOps, w: Tensor) => o.round(w) };
    await expect(packMatrix(ops, careless, { shape: [1, 2], data: Float32Array.of(0, 5) })).rejects.toThrow(/5/);
  });
});

describe("defineQuantizer", () => {
  it("tidies what a quantizer does not return", () => {
    const untidy = defineQuantizer({
      ...sign,
      encode: (o, w) => o.sign(o.mul(w, 2)),
      backward: (o, dy) => ({ w: o.neg(o.neg(dy)) }),
    });
    const before = ops.memory().tensors;
    const w = ops.tensor([1, -1], [1, 2]);
    const grid = untidy.calibrate(ops, w);
    ops.dispose([untidy.encode(ops, w, grid), untidy.backward!(ops, w, w, grid).w, grid.scale, w]);
    expect(ops.memory().tensors).toBe(before);
  });

  it.each([
    [{ id: "Bad Id" }, "use lower-case letters"],
    [{ codes: [1, 1] as const }, "must be integers with min < max"],
    [{ codes: [0, 256] as const }, "at most 256 levels"],
    [{ dequantize: { kind: "table", levels: [1, 2] } as const }, "table has 2 levels for 3 codes"],
    [{ dequantize: { kind: "sum", planes: 0, each: { kind: "affine" } } as const }, "planes=0"],
  ])("refuses %o", (bad, message) => {
    expect(() => defineQuantizer({ ...sign, ...bad })).toThrow(message);
  });
});
