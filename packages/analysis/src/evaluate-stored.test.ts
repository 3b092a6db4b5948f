import { arraySource, normals, openBackend, type Backend } from "@qsae/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluateStored } from "./evaluate-stored.ts";
import { codeMatrix, floatMatrix, packedSae } from "./weights/packed.fixture.ts";

let backend: Backend;
beforeAll(async () => (backend = await openBackend("wasm", { threads: 1 })));
afterAll(() => backend.close());

const rows = Array.from({ length: 24 }, (_, j) => Array.from(normals(8, 0.4, j)));
const packed = packedSae([floatMatrix(rows), codeMatrix(rows.map((row) => row.map(Math.sign)), rows.map(() => 0.3))]); // prettier-ignore
const data = arraySource(normals(8 * 3000, 1, 3), 8, { file: "toy" });

it("gives on a backend what the interpreter gives, but for float32 rounding, and leaves nothing there", async () => {
  const before = backend.ops.memory();
  const here = await evaluateStored({ name: "sae", packed }, data);
  const there = await evaluateStored({ name: "sae", packed }, data, { ops: backend.ops });
  expect(there.summary.fvu).toBeCloseTo(here.summary.fvu, 6);
  expect(there.summary.l0).toBeCloseTo(here.summary.l0, 3);
  expect(there.summary.dead).toBe(here.summary.dead);
  expect(there.sae.atom(3)).toEqual(here.sae.atom(3));
  expect(backend.ops.memory()).toEqual(before);
});

it("leaves nothing on the backend where the data cannot be evaluated", async () => {
  const before = backend.ops.memory();
  const constant = arraySource(new Float32Array(8 * 20).fill(1), 8, { file: "flat" });
  await expect(evaluateStored({ name: "sae", packed }, constant, { ops: backend.ops })).rejects.toThrow(/flat: /);
  expect(backend.ops.memory()).toEqual(before);
});
