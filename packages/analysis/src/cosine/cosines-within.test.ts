import { openBackend, type Backend } from "@qsae/core";
import { loadSae, NonFiniteError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "../weights/packed.fixture.ts";
import { dictionary } from "./atoms.fixture.ts";
import { cosinesWithin } from "./cosines-within.ts";

const rows = [
  [1, 0],
  [0, 5],
  [3, 4], // cosines 0.6, 0.8 with those above
  [0, 0],
  [-2, 0],
];

describe.each(["cpu", "wasm"] as const)("cosinesWithin on %s", (name) => {
  let backend: Backend;
  beforeAll(async () => (backend = await openBackend(name)));
  afterAll(() => backend.close());

  it("finds neighbours, redundant pairs and the distribution; a zero atom has no part in them", async () => {
    const result = await cosinesWithin(backend.ops, dictionary(rows), { redundantAbove: 0.7, bins: 4 });
    expect([...result.nearest.latent]).toEqual([2, 2, 1, -1, 1]);
    [0.6, 0.8, 0.8, 0, 0].forEach((cosine, j) => expect(result.nearest.cosine[j]).toBeCloseTo(cosine, 6));
    expect(result).toMatchObject({ redundantAbove: 0.7, redundantPairs: 1, redundantAtoms: 2, zeroAtoms: 1 });
    // pairs: (0,1) 0, (0,2) 0.6, (0,4) -1, (1,2) 0.8, (1,4) 0, (2,4) -0.6
    expect(result.histogram).toEqual({ edges: [-1, -0.5, 0, 0.5, 1], counts: [2, 0, 2, 2], outside: 0 });
  });

  it("compares atoms as they act: decoded codes, each part of a mixed matrix by its latents", async () => {
    const encoder = floatMatrix([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    const codes = codeMatrix(
      [
        [1, 0],
        [1, 1],
      ],
      [0.25, 3],
    );
    const mixed = mixedMatrix([1, undefined, 0, 0], codes, floatMatrix([[7, 0]]));
    const { nearest, zeroAtoms } = await cosinesWithin(backend.ops, loadSae(packedSae([encoder, mixed])));
    expect([...nearest.latent]).toEqual([2, -1, 0, 0]);
    [1, 0, 1, Math.SQRT1_2].forEach((cosine, j) => expect(nearest.cosine[j]).toBeCloseTo(cosine, 6));
    expect(zeroAtoms).toBe(1);
  });

  it.each([
    ["a single atom", [[1, 2]], 0],
    ["zero atoms only", [[0, 0], [0, 0]], 2], // prettier-ignore
  ])("has defined results for %s", async (_, given, zeroAtoms) => {
    const result = await cosinesWithin(backend.ops, dictionary(given));
    expect([...result.nearest.latent]).toEqual(given.map(() => -1));
    expect([...result.nearest.cosine]).toEqual(given.map(() => 0));
    expect(result).toMatchObject({ redundantPairs: 0, redundantAtoms: 0, zeroAtoms });
    expect(result.histogram.counts.every((count) => count === 0)).toBe(true);
  });

  it("agrees with a cosine per pair, whatever the blocks, and holds no tensor after", async () => {
    const atoms = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
      minLength: 1,
      maxLength: 12,
    });
    const before = backend.ops.memory().tensors;
    await fc.assert(
      fc.asyncProperty(atoms, fc.integer({ min: 1, max: 5 }), async (given, blockAtoms) => {
        const result = await cosinesWithin(backend.ops, dictionary(given), { blockAtoms, bins: 10 });
        const lengths = given.map((atom) => Math.hypot(...atom));
        const cosines = (i: number): number[] =>
          given.flatMap((other, j) =>
            j === i || lengths[i]! * lengths[j]! === 0
              ? []
              : [(given[i]![0] * other[0] + given[i]![1] * other[1]) / (lengths[i]! * lengths[j]!)],
          );
        given.forEach((_, i) => {
          const all = cosines(i);
          expect(result.nearest.cosine[i]).toBeCloseTo(all.length === 0 ? 0 : Math.max(...all), 5);
        });
        const pairs = given.reduce((sum, _, i) => sum + cosines(i).length, 0) / 2;
        expect(result.histogram.counts.reduce((sum, count) => sum + count)).toBe(pairs);
      }),
      { numRuns: 40 },
    );
    expect(backend.ops.memory().tensors).toBe(before);
  });

  it("counts every pair in its bin, and as redundant, whatever the blocks", async () => {
    const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]] as const; // prettier-ignore
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 14 }),
        async (given, blockAtoms) => {
          const result = await cosinesWithin(backend.ops, dictionary(given.map((a) => axes[a]!)), {
            blockAtoms,
            bins: 5,
          });
          const pairs = given.flatMap((a, i) => given.slice(i + 1).map((b): readonly [number, number] => [a, b]));
          const equal = pairs.filter(([a, b]) => a === b).length;
          const opposite = pairs.filter(([a, b]) => Math.abs(a - b) === 3).length;
          expect(result.histogram.counts).toEqual([opposite, 0, pairs.length - equal - opposite, 0, equal]);
          expect(result.redundantPairs).toBe(equal);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does not change when atoms are scaled, and follows when they are permuted", async () => {
    const scaled = rows.map((row, j) => row.map((value) => value * 2 ** (3 * j - 6)));
    expect(await cosinesWithin(backend.ops, dictionary(scaled))).toEqual(
      await cosinesWithin(backend.ops, dictionary(rows)),
    );
    const order = [4, 2, 0, 3, 1];
    const whole = await cosinesWithin(backend.ops, dictionary(rows));
    const permuted = await cosinesWithin(backend.ops, dictionary(order.map((j) => rows[j]!)));
    expect([...permuted.nearest.cosine]).toEqual(order.map((j) => whole.nearest.cosine[j]!));
    expect(permuted.histogram).toEqual(whole.histogram);
  });

  it("names the atom that is not finite, and options out of range", async () => {
    const broken = dictionary([[1, 0], [NaN, 1]]); // prettier-ignore
    await expect(cosinesWithin(backend.ops, broken)).rejects.toThrow(NonFiniteError);
    await expect(cosinesWithin(backend.ops, broken)).rejects.toThrow("latent 1");
    for (const options of [{ redundantAbove: 1 }, { redundantAbove: NaN }, { bins: 0 }, { blockAtoms: 0.5 }]) {
      await expect(cosinesWithin(backend.ops, dictionary(rows), options)).rejects.toThrow(UsageError);
    }
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(cosinesWithin(backend.ops, dictionary(rows), { signal })).rejects.toThrow("enough");
  });
});
