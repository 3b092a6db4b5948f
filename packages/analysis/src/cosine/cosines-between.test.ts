import { openBackend, type Backend } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dictionary } from "./atoms.fixture.ts";
import { cosinesBetween } from "./cosines-between.ts";

let backend: Backend;
beforeAll(async () => (backend = await openBackend("cpu")));
afterAll(() => backend.close());

const a = [
  [1, 0],
  [0, 2],
  [0, 0],
];
const b = [
  [3, 4], // 0.6, 0.8
  [0, -1], // 0, -1
  [12, 5], // 12/13, 5/13
  [4, 3], // 0.8, 0.6
];

const atoms = fc.array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 })), {
  minLength: 1,
  maxLength: 12,
});

describe("cosinesBetween", () => {
  it("looks the atoms of each up in the other", async () => {
    const { aInB, bInA, match } = await cosinesBetween(backend.ops, dictionary(a), dictionary(b), { sameAbove: 0.7 });
    expect([...aInB.nearest.latent]).toEqual([2, 0, -1]);
    expect([...bInA.nearest.latent]).toEqual([1, 0, 0, 0]);
    expect(aInB.mmcs).toBeCloseTo((12 / 13 + 0.8 + 0) / 3, 6);
    expect(bInA.mmcs).toBeCloseTo((0.8 + 0 + 12 / 13 + 0.8) / 4, 6);
    expect(aInB).toMatchObject({ overlap: 2 / 3, zeroAtoms: 1 });
    expect(bInA).toMatchObject({ overlap: 3 / 4, zeroAtoms: 0 });
    expect([...match.a]).toEqual([0, 1]);
    expect([...match.b]).toEqual([2, 0]);
    expect(match.uncertain).toBe(0);
  });

  it("finds a dictionary whole in itself, scaled and in another order", async () => {
    await fc.assert(
      fc.asyncProperty(atoms, async (given) => {
        const living = given.filter((atom) => atom.some((value) => value !== 0));
        fc.pre(living.length > 0);
        const other = living.toReversed().map((atom, j) => atom.map((value) => value * (j + 1)));
        const { aInB, bInA, match } = await cosinesBetween(backend.ops, dictionary(living), dictionary(other), {
          blockAtoms: 5,
        });
        for (const side of [aInB, bInA]) {
          expect(side.mmcs).toBeCloseTo(1, 5);
          expect(side.overlap).toBe(1);
        }
        expect(match.a.length).toBe(living.length);
      }),
      { numRuns: 40 },
    );
  });

  it("matches greedily: every pair that could be added is worse than one that holds an atom of it", async () => {
    await fc.assert(
      fc.asyncProperty(atoms, atoms, async (left, right) => {
        const { match } = await cosinesBetween(backend.ops, dictionary(left), dictionary(right), {
          sameAbove: 0.5,
          blockAtoms: 4,
        });
        expect(new Set(match.a).size).toBe(match.a.length);
        expect(new Set(match.b).size).toBe(match.b.length);
        const cosine = (p: readonly number[], q: readonly number[]): number =>
          (p[0]! * q[0]! + p[1]! * q[1]!) / Math.max(Math.hypot(...p) * Math.hypot(...q), 1e-9);
        left.forEach((p, i) =>
          right.forEach((q, j) => {
            const better = Math.max(
              ...[match.a.indexOf(i), match.b.indexOf(j)].map((at) => (at < 0 ? 0.5 : match.cosine[at]!)),
            );
            expect(cosine(p, q)).toBeLessThanOrEqual(better + 1e-5);
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("says where atoms had more candidates than are kept and lost them all", async () => {
    const same = Array.from({ length: 40 }, () => [1, 1]);
    const { match } = await cosinesBetween(backend.ops, dictionary(same), dictionary(same));
    expect(match.a.length).toBe(32);
    expect(match.uncertain).toBe(8);
  });

  it("has defined results where one side is zero", async () => {
    const { aInB, bInA, match } = await cosinesBetween(backend.ops, dictionary([[0, 0]]), dictionary(b));
    expect(aInB).toMatchObject({ mmcs: 0, overlap: 0, zeroAtoms: 1 });
    expect(bInA).toMatchObject({ mmcs: 0, overlap: 0, zeroAtoms: 0 });
    expect([...bInA.nearest.latent]).toEqual([-1, -1, -1, -1]);
    expect(match.a.length).toBe(0);
  });

  it("refuses dictionaries of different widths", async () => {
    const narrow = dictionary([[1]]);
    await expect(cosinesBetween(backend.ops, narrow, dictionary(b))).rejects.toThrow(UsageError);
    await expect(cosinesBetween(backend.ops, narrow, dictionary(b))).rejects.toThrow("d_in=1 against d_in=2");
  });
});
