/** Quantizers whose grid is not one scale per row. */
import { expect, it } from "vitest";
import { defineQuantizer, normals, type Quantizer } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import type { HostTensors } from "@qsae/runtime";
import { testBackend } from "../../test/test-backend.ts";
import { weights } from "./weights.ts";

const [D, F] = [4, 6];
const backend = await testBackend();

/** Ternary, with one scale for all rows and a threshold per row that it keeps in the grid. */
const shared: Quantizer = defineQuantizer({
  id: "shared",
  options: {},
  codes: [-1, 1],
  dequantize: { kind: "affine" },
  calibrate: (ops, w) => ({
    scale: ops.reshape(ops.mean(ops.abs(w)), [1, 1]),
    threshold: ops.mul(ops.mean(ops.abs(w), 1, true), 0.75),
  }),
  encode: (ops, w, { threshold }) => ops.mul(ops.sign(w), ops.greater(ops.abs(w), threshold)),
});

it("replaces the grid of a row, and leaves what rows share", async () => {
  const { ops } = backend;
  const dictionary = weights({ name: "W_dec", quantizer: shared });
  const params = dictionary.init(ops, ops.tensor(normals(F * D, 1, 1), [F, D]), 0);
  expect(Object.keys(params)).toEqual(["W_dec", "W_dec.log_scale", "W_dec.threshold"]);
  const chosen = ops.tensor([0, 0, 1, 0, 0, 0], [F]);
  const { params: changed, fresh } = dictionary.replaceRows!(ops, params, ops.fill([F, D], 2), chosen);
  expect(Object.keys(changed)).toEqual(["W_dec", "W_dec.threshold"]);
  expect(Object.keys(fresh)).toEqual(["W_dec", "W_dec.threshold"]);
  expect([...(await ops.read(changed["W_dec"]!)).data.subarray(2 * D, 3 * D)]).toEqual([2, 2, 2, 2]);
  const [before, after] = [await ops.read(params["W_dec.threshold"]!), await ops.read(changed["W_dec.threshold"]!)];
  expect(after.data[2]).toBeCloseTo(1.5, 5);
  expect(after.data[3]).toBe(before.data[3]);
});

it("cannot be scaled where nobody knows how the grid grows", () => {
  const params: HostTensors = {
    W_dec: { shape: [F, D], data: new Float32Array(F * D) },
    "W_dec.log_scale": { shape: [1, 1], data: new Float32Array(1) },
    "W_dec.threshold": { shape: [F, 1], data: new Float32Array(F) },
  };
  expect(() => weights({ name: "W_dec", quantizer: shared }).scaled!(params, 2)).toThrow(
    "W_dec cannot be multiplied by 2: how threshold, of the quantizer shared, grows with the weights is unknown",
  );
});

it.each(["residual2-ternary", "int4/2", "residual2-binary/2"])("replaces the scales of a row of %s", async (name) => {
  const { ops } = backend;
  const dictionary = weights({ name: "W_dec", quantizer: quantizersByName()(name) });
  const params = dictionary.init(ops, ops.tensor(normals(F * D, 1, 1), [F, D]), 0);
  const chosen = ops.tensor([0, 0, 1, 0, 0, 0], [F]);
  const rows = ops.tensor(normals(F * D, 100, 2), [F, D]);
  const { params: changed } = dictionary.replaceRows!(ops, params, rows, chosen);
  const logScale = "W_dec.log_scale";
  const [before, after] = [await ops.read(params[logScale]!), await ops.read(changed[logScale]!)];
  expect(after.shape).toEqual(before.shape);
  const perRow = after.shape.at(-1)!;
  after.data.forEach((scale, i) => {
    if (Math.floor(i / perRow) % F === 2) expect(scale).not.toBe(before.data[i]);
    else expect(scale).toBe(before.data[i]);
  });
});
