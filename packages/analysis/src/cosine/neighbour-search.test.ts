import { openBackend, type Backend } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dictionary } from "./atoms.fixture.ts";
import { cosinesWithin } from "./cosines-within.ts";

describe("neighbours of cosinesWithin", () => {
  let backend: Backend;
  beforeAll(async () => (backend = await openBackend("cpu")));
  afterAll(() => backend.close());

  it("lists the nearest atoms, the nearest first; none for a zero atom", async () => {
    const rows = [
      [1, 0],
      [0, 5],
      [3, 4], // cosines 0.6, 0.8 with those above
      [0, 0],
      [-2, 0],
    ];
    const { neighbours } = await cosinesWithin(backend.ops, dictionary(rows), { neighbours: 4, blockAtoms: 2 });
    expect(neighbours!.perLatent).toBe(4);
    expect([...neighbours!.latents]).toEqual([2, 1, 4, -1, 2, 0, 4, -1, 1, 0, 4, -1, -1, -1, -1, -1, 1, 2, 0, -1]);
    [0.6, 0, -1, 0, 0.8, 0, 0, 0, 0.8, 0.6, -0.6, 0, 0, 0, 0, 0, 0, -0.6, -1, 0].forEach((cosine, at) =>
      expect(neighbours!.cosines[at]).toBeCloseTo(cosine, 6),
    );
  });

  it("is a sort of all others, whatever the blocks, of equal ones by number; the first is `nearest`", async () => {
    // axes and their negatives: cosines of exactly -1, 0 and 1, many of them equal
    const axis = fc.constantFrom<number[][]>([1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(axis, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 15 }),
        async (rows, perLatent, blockAtoms) => {
          const options = { neighbours: perLatent, blockAtoms };
          const { neighbours, nearest } = await cosinesWithin(backend.ops, dictionary(rows), options);
          const cosine = (i: number, j: number): number => rows[i]!.reduce((sum, x, c) => sum + x * rows[j]![c]!, 0);
          rows.forEach((_, i) => {
            const others = rows.map((_, j) => j).filter((j) => j !== i);
            const expected = others.sort((p, q) => cosine(i, q) - cosine(i, p) || p - q).slice(0, perLatent);
            const listed = [...neighbours!.latents.subarray(i * perLatent, (i + 1) * perLatent)];
            expect(listed.filter((latent) => latent >= 0)).toEqual(expected);
            expect(listed[0]).toBe(nearest.latent[i]);
            expected.forEach((j, rank) => expect(neighbours!.cosines[i * perLatent + rank]).toBe(cosine(i, j) + 0));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lists none unless asked to, and refuses what is no number of atoms", async () => {
    expect((await cosinesWithin(backend.ops, dictionary([[1], [2]]))).neighbours).toBeUndefined();
    for (const neighbours of [0, 1.5, NaN, 1001]) {
      await expect(cosinesWithin(backend.ops, dictionary([[1]]), { neighbours })).rejects.toThrow(UsageError);
    }
  });
});
