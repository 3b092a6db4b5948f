import { beforeAll, expect, it } from "vitest";
import {
  defineQuantizer,
  fakeQuantize,
  normals,
  openBackend,
  packMatrix,
  type Quantizer,
  type TensorOps,
} from "@qsae/core";
import { bitsPerWeight, type PackedSae } from "@qsae/runtime";
import { binary } from "./binary.ts";
import { residual } from "./residual.ts";
import { ternary } from "./ternary.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});

/** Squared errors of heavy-tailed rows, summed. */
async function errorOf(quantizer: Quantizer): Promise<number> {
  const total = ops.tidy(() => {
    const w = ops.tensor(
      normals(8 * 64, 1, 4).map((value) => value * Math.abs(value)),
      [8, 64],
    );
    return ops.sum(ops.square(ops.sub(w, fakeQuantize(ops, quantizer, w, quantizer.calibrate(ops, w)))));
  });
  const { data } = await ops.read(total);
  ops.dispose(total);
  return data[0]!;
}

it.each([binary(), ternary()])("each plane of %o takes from the error", async (plane) => {
  const errors = [await errorOf(plane)];
  for (const depth of [2, 3, 4]) errors.push(await errorOf(residual(plane, depth)));
  for (let depth = 1; depth < errors.length; depth++) expect(errors[depth]).toBeLessThan(0.7 * errors[depth - 1]!);
});

it("is packed as planes with scales of their own", async () => {
  const quantizer = residual(ternary(), 2);
  const packed = await packMatrix(ops, quantizer, { shape: [2, 20], data: normals(40, 1, 1) });
  expect(packed.rule).toEqual({ kind: "sum", planes: 2, each: { kind: "affine" } });
  expect(packed.planes.length).toBe(2);
  const encoder = { kind: "float32" as const, rows: 2, cols: 20, values: new Float32Array(40) };
  const stage = { dSae: 2, encoder, dictionary: packed } as PackedSae["stages"][number];
  // Two planes of 20 trits in 4 bytes, and of one F16 scale for these 20 weights.
  expect(bitsPerWeight({ dIn: 20, stages: [stage] } as unknown as PackedSae).dictionary).toBeCloseTo(
    (2 * 8 * (4 + 2)) / 20,
    10,
  );
});

it("adds nothing to rows that one plane holds", async () => {
  const quantizer = residual(binary(), 2);
  const w = Float32Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? -0.5 : 0.5));
  const q = ops.tidy(() => {
    const weights = ops.tensor(w, [1, 16]);
    return fakeQuantize(ops, quantizer, weights, quantizer.calibrate(ops, weights));
  });
  (await ops.read(q)).data.forEach((value, i) => expect(value).toBeCloseTo(w[i]!, 6));
  ops.dispose(q);
});

it.each<[Quantizer, string]>([
  [defineQuantizer({ ...ternary(), calibrate: (o) => ({ scale: o.fill([1, 1], 1) }) }), "has a scale of [1, 1]"],
  [
    defineQuantizer({
      ...ternary(),
      calibrate: (o, w) => ({ scale: o.fill([w.shape[0]!, 1], 1), threshold: o.fill([1, 1], 1) }),
    }),
    'has "threshold" beside the scale',
  ],
])("refuses planes without one scale per row", (plane, message) => {
  expect(() => ops.tidy(() => residual(plane, 2).calibrate(ops, ops.fill([3, 4], 1)))).toThrow(
    `quantizer residual: ternary ${message}; planes need one scale per row, [3, 1], and nothing else`,
  );
});
