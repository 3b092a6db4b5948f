import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contracts/backend.ts";
import type { AdamSlot } from "../../contracts/tensor-ops.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { arraySource } from "../../array-source.ts";
import { normals } from "../../random.ts";
import { recorded } from "../run.fixture.ts";
import { D, linear } from "../variants.fixture.ts";
import { changedSlots } from "./changed-slots.ts";

describe("changedSlots", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());

  const slot = (): AdamSlot => {
    const ones = () => backend.ops.fill([2, 3], 1);
    return { param: ones(), m: ones(), v: ones() };
  };

  it("zeroes the moments of fresh entries, broadcasting, and leaves the others", async () => {
    const { ops } = backend;
    const before = ops.memory().tensors;
    const w = slot();
    const { W, b } = ops.tidy(() =>
      changedSlots(
        ops,
        { W: w, b: slot() },
        { params: { W: w.param, b: ops.zeros([2, 3]) }, fresh: { W: ops.tensor([0, 1], [2, 1]) } },
      ),
    );
    expect([...(await ops.read(W!.m)).data]).toEqual([1, 1, 1, 0, 0, 0]);
    expect([...(await ops.read(W!.v)).data]).toEqual([1, 1, 1, 0, 0, 0]);
    expect([...(await ops.read(b!.m)).data]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...(await ops.read(b!.param)).data]).toEqual([0, 0, 0, 0, 0, 0]);
    ops.dispose([W!, b!].flatMap(({ param, m, v }) => [param, m, v]));
    expect(ops.memory().tensors).toBe(before);
  });

  it("refuses what is no parameter and what does not broadcast", () => {
    const { ops } = backend;
    ops.tidy(() => {
      const w = slot();
      const changed = { params: { W: w.param } };
      expect(() => changedSlots(ops, { W: w }, { ...changed, fresh: { V: ops.zeros([1]) } })).toThrow(
        'fresh: "V" is no parameter; allowed: W',
      );
      expect(() => changedSlots(ops, { W: w }, { ...changed, fresh: { W: ops.zeros([4, 2, 3]) } })).toThrow(
        "shape [4, 2, 3], which does not broadcast to its parameter's [2, 3]",
      );
      return [];
    });
  });

  it("takes effect after a step", async () => {
    const source = arraySource(normals(640 * D, 1, 1), D);
    const firstRow = Float32Array.from({ length: D }, (_, i) => Number(i === 0));
    const { saved } = await recorded({
      backend,
      source,
      variant: {
        ...linear,
        afterStep: (ops, params, { step }) => ({
          params,
          ...(step === 3 ? { fresh: { A: ops.tensor(firstRow, [D, 1]) } } : {}),
        }),
      },
      training: { steps: 3, batch_size: 64 },
    });
    const moments = saved[0]!.state["adam.m.A"]!.data;
    moments.forEach((value, i) => expect(value === 0).toBe(i < D));
  });
});
