import { beforeAll, describe, expect, it } from "vitest";
import { loadSae, type Latents } from "@qsae/runtime";
import { normals, openBackend, type TensorOps } from "@qsae/core";
import { floatSae, selections } from "../problems.fixture.ts";
import { workingSae } from "../working-sae.ts";
import { encodeTokens } from "./encode-tokens.ts";

const [dIn, dSae, tokens] = [16, 24, 300];
let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

function expectSame(actual: Latents, expected: Latents): void {
  expect(actual.dSae).toBe(expected.dSae);
  expect(actual.offsets).toEqual(expected.offsets);
  expect(actual.indices).toEqual(expected.indices);
  for (const [i, value] of expected.values.entries()) expect(actual.values[i]).toBeCloseTo(value, 4);
}

describe("encodeTokens", () => {
  const x = normals(tokens * dIn, 1, 7);
  for (const [name, selection] of selections(dSae)) {
    it.each([true, false])(`${name}: the latents of the runtime (b_dec subtracted: %s)`, async (subtractBDec) => {
      const sae = floatSae({ dIn, dSae, selection, subtractBDec });
      const before = ops.memory().tensors;
      const latents = await encodeTokens(ops, workingSae(sae), { tokens, dIn, x, target: x });
      expect(ops.memory().tensors).toBe(before);
      expect(latents.indices.length).toBeGreaterThan(tokens);
      expectSame(latents, loadSae(sae).encode(x));
    });
  }

  it("goes over batches: many tokens, none lost where they meet", async () => {
    const [width, many] = [4, 4096 + 4096 + 3];
    const sae = floatSae({ dIn: width, dSae: 8, selection: { kind: "threshold", threshold: new Float32Array(8) } });
    const wide = normals(many * width, 1, 8);
    const latents = await encodeTokens(ops, workingSae(sae), { tokens: many, dIn: width, x: wide, target: wide });
    expectSame(latents, loadSae(sae).encode(wide));
  });

  it("goes over batches: a dictionary so wide that few tokens fit into one", async () => {
    const [width, latentCount, few] = [2, 2 ** 18, 35]; // 32 tokens a batch
    const threshold = new Float32Array(latentCount).fill(4);
    const sae = floatSae({ dIn: width, dSae: latentCount, selection: { kind: "threshold", threshold } });
    const wide = normals(few * width, 1, 9);
    const latents = await encodeTokens(ops, workingSae(sae), { tokens: few, dIn: width, x: wide, target: wide });
    const start = latents.offsets[30]!;
    const aroundTheSeam = {
      ...latents,
      offsets: latents.offsets.subarray(30).map((offset) => offset - start),
      indices: latents.indices.subarray(start),
      values: latents.values.subarray(start),
    };
    expectSame(aroundTheSeam, loadSae(sae).encode(wide.subarray(30 * width)));
  });

  it("has nothing to say of no tokens and of tokens on which nothing fires", async () => {
    const never = new Float32Array(dSae).fill(1e9);
    const sae = workingSae(floatSae({ dIn, dSae, selection: { kind: "threshold", threshold: never } }));
    const empty = new Float32Array(0);
    const none = await encodeTokens(ops, sae, { tokens: 0, dIn, x: empty, target: empty });
    expect(none).toEqual({ dSae, offsets: Int32Array.of(0), indices: new Int32Array(0), values: new Float32Array(0) });
    expect((await encodeTokens(ops, sae, { tokens, dIn, x, target: x })).offsets).toEqual(new Int32Array(tokens + 1));
  });
});
