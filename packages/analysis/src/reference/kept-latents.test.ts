import { UsageError } from "@qsae/runtime";
import { expect, it } from "vitest";
import { batchOf } from "../metrics/batches.fixture.ts";
import { keptLatents } from "./kept-latents.ts";

const batches = [
  batchOf([{ x: [0], latents: { 0: 1, 3: 2 } }]),
  batchOf([{ x: [0], latents: {} }, { x: [0], latents: { 5: 4 } }], { firstRow: 1 }), // prettier-ignore
  batchOf([{ x: [0], latents: { 1: 7 } }], { firstRow: 3 }),
];

function kept(maxFirings?: number) {
  const run = keptLatents({ ...(maxFirings !== undefined && { maxFirings }) }).start({ dIn: 1, dSae: 8 });
  for (const batch of batches) void run.update(batch);
  return run.finish();
}

it("keeps the latents of every batch with its rows", () => {
  expect(kept()).toEqual(batches.map(({ rows, latents }) => ({ rows, latents })));
});

it("keeps the first batches that fit, at least one, and none after a gap", () => {
  expect(kept(3).map(({ rows }) => [...rows])).toEqual([[0], [1, 2]]);
  expect(kept(2).map(({ rows }) => [...rows])).toEqual([[0]]);
  expect(kept(1).map(({ rows }) => [...rows])).toEqual([[0]]);
  expect(() => keptLatents({ maxFirings: 0 })).toThrow(UsageError);
});

it("is not changed by what becomes of a batch's memory", () => {
  const run = keptLatents().start({ dIn: 1, dSae: 8 });
  const batch = batchOf([{ x: [0], latents: { 2: 3 } }]);
  void run.update(batch);
  batch.latents.values.fill(9);
  batch.rows.fill(9);
  expect(run.finish()).toMatchObject([{ rows: Int32Array.of(0), latents: { values: Float32Array.of(3) } }]);
});
