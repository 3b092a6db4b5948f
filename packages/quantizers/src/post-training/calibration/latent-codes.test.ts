import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type TensorOps } from "@qsae/core";
import { correlatedCodes, dense } from "../problems.fixture.ts";
import { codeGram } from "./code-gram.ts";
import { latentCodes, latentMoments, meanOf, type LatentCodes } from "./latent-codes.ts";
import { paddedLatents } from "./padded-latents.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});

/** Some latents never fire, some tokens have none. */
const someCodes = fc
  .record({
    tokens: fc.integer({ min: 0, max: 40 }),
    dSae: fc.integer({ min: 1, max: 20 }),
    k: fc.constantFrom(0, 2, 6),
    seed: fc.nat(),
  })
  .map((shape) => correlatedCodes({ ...shape, dead: (j) => j % 4 === 3 }));

/** Latent by latent what the token by token form says. */
function columnsOf(codes: LatentCodes): (readonly [token: number, value: number])[][] {
  const z = dense(codes);
  return Array.from({ length: codes.dSae }, (_, j) =>
    Array.from({ length: codes.tokens }, (_, t) => [t, z[t * codes.dSae + j]!] as const).filter(
      ([, value]) => value !== 0,
    ),
  );
}

describe("latentCodes", () => {
  it("has the same entries by latent, tokens ascending", () => {
    fc.assert(
      fc.property(someCodes, (codes) => {
        const { offsets, tokens, values } = codes.byLatent;
        expect(offsets).toHaveLength(codes.dSae + 1);
        expect(offsets[codes.dSae]).toBe(codes.values.length);
        const byLatent = Array.from({ length: codes.dSae }, (_, j) =>
          Array.from({ length: offsets[j + 1]! - offsets[j]! }, (_, i) => [
            tokens[offsets[j]! + i]!,
            values[offsets[j]! + i]!,
          ]),
        );
        expect(byLatent).toEqual(columnsOf(codes));
      }),
    );
  });
});

describe("latentMoments", () => {
  it("is E[z] and E[z^2] over all tokens, also those where a latent is silent", () => {
    const offsets = Int32Array.of(0, 2, 2, 3, 4);
    const latents = { dSae: 3, offsets, indices: Int32Array.of(0, 2, 2, 2), values: Float32Array.of(4, 1, -2, 3) };
    const { mean, meanSquare } = latentMoments(latentCodes(latents));
    expect([...mean]).toEqual([1, 0, 0.5]);
    expect([...meanSquare]).toEqual([4, 0, 3.5]);
  });
  it("has a mean of nothing", () => {
    expect(meanOf(Float64Array.of(1, 2, 6))).toBe(3);
    expect(meanOf(new Float64Array(0))).toBe(0);
  });
});

describe("codeGram", () => {
  it("is Z^T Z / N of the latents of a block, in its order", () => {
    fc.assert(
      fc.property(someCodes, fc.nat(), (codes, pick) => {
        const block = Int32Array.from({ length: codes.dSae }, (_, j) => j)
          .filter((j) => (pick >> (j % 8)) % 2 === 0)
          .reverse();
        const z = dense(codes);
        const gram = codeGram(codes, block);
        expect(gram).toHaveLength(block.length ** 2);
        for (const [a, i] of block.entries()) {
          for (const [b, j] of block.entries()) {
            let expected = 0;
            for (let t = 0; t < codes.tokens; t++) {
              expected += (z[t * codes.dSae + i]! * z[t * codes.dSae + j]!) / codes.tokens;
            }
            expect(gram[a * block.length + b]).toBeCloseTo(expected, 12);
          }
        }
      }),
    );
  });
});

describe("paddedLatents", () => {
  it("has every token once, filled up with zeros, in as many tensors as are disposed", async () => {
    await fc.assert(
      fc.asyncProperty(someCodes, fc.integer({ min: 1, max: 17 }), async (codes, batchTokens) => {
        const before = ops.memory().tensors;
        const z = new Float64Array(codes.tokens * codes.dSae);
        const batches = paddedLatents(ops, codes, batchTokens);
        let next = 0;
        for (const { first, latents } of batches) {
          expect(first).toBe(next);
          const [n, k] = latents.values.shape as [number, number];
          expect(latents).toMatchObject({ dSae: codes.dSae, indices: { shape: [n, k], dtype: "int32" } });
          const [values, indices] = [await ops.read(latents.values), await ops.read(latents.indices)];
          for (let i = 0; i < n * k; i++) {
            expect(indices.data[i]).toBeLessThan(codes.dSae);
            z[(first + Math.floor(i / k)) * codes.dSae + indices.data[i]!]! += values.data[i]!;
          }
          next += n;
        }
        expect(next).toBe(codes.tokens);
        expect(z).toEqual(dense(codes));
        ops.dispose(batches.flatMap(({ latents }) => [latents.values, latents.indices]));
        expect(ops.memory().tensors).toBe(before);
      }),
      { numRuns: 40 },
    );
  });
});
