import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { normals, openBackend } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { relativeError } from "../test/like-lowered.ts";
import { matryoshka } from "./matryoshka.ts";
import { prefixEndsOf } from "./prefixes.ts";

describe("prefixEndsOf", () => {
  it("takes shares and sizes", () => {
    expect(prefixEndsOf("matryoshka", 64, [1 / 16, 1 / 4, 1])).toEqual([4, 16, 64]);
    expect(prefixEndsOf("matryoshka", 64, [4, 16, 64])).toEqual([4, 16, 64]);
  });
  it("ascends to d_sae for any shares", () => {
    const shares = fc.uniqueArray(fc.double({ min: 0.001, max: 0.999, noNaN: true }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), shares, (dSae, some) => {
        const ends = prefixEndsOf("matryoshka", dSae, [...some.sort((a, b) => a - b), 1]);
        expect(ends.at(-1)).toBe(dSae);
        ends.forEach((end, i) => expect(end).toBeGreaterThan(ends[i - 1] ?? 0));
      }),
    );
  });
  it.each([
    [[16, 4, 64], "they must ascend"],
    [[4, 32], "the last must be the whole dictionary, 1 or d_sae=64"],
    [[0.25, 0.5], "the last must be the whole dictionary"],
    [[0.5, 64], "shares of at most 1, or whole numbers of latents"],
  ])("refuses %o", (prefixes, problem) => {
    expect(() => prefixEndsOf("matryoshka", 64, prefixes)).toThrow(problem);
  });
});

describe("prefixes", () => {
  it.each(["topk", "batch-topk"] as const)("of %s reconstruct with their latents only", async (activation) => {
    const backend = await openBackend("wasm", { threads: 1 });
    const { ops } = backend;
    const [d, f, n] = [8, 24, 12];
    const variant = matryoshka({ d_in: d, d_sae: f, k: 4, activation, prefixes: [4, 10, 24] }, quantizersByName());
    const params = variant.init(ops, { seed: 1, center: normals(d, 0.3, 2) });
    const x = ops.tensor(normals(n * d, 1, 3), [n, d]);
    const { reconstructions, losses } = variant.forward(ops, params, { x, progress: 0 });
    let squares = 0;
    for (const [i, end] of [4, 10, 24].entries()) {
      const inside = ops.tensor(
        Array.from({ length: f }, (_, j) => Number(j < end)),
        [f, 1],
      );
      const cut = { ...params, W_dec: ops.mul(params["W_dec"]!, inside) };
      const expected = await ops.read(variant.forward(ops, cut, { x, progress: 0 }).reconstructions.at(-1)!);
      const given = await ops.read(reconstructions[i]!);
      expect(relativeError(given.data, expected.data), `prefix ${end}`).toBeLessThan(1e-6);
      const xs = (await ops.read(x)).data;
      squares += given.data.reduce((sum, value, e) => sum + (value - xs[e]!) ** 2, 0) / (n * d);
    }
    expect((await ops.read(losses["mse"]!)).data[0]).toBeCloseTo(squares / 3, 5);
    await backend.close();
  });
});
