import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, measure, type Token } from "../metrics/batches.fixture.ts";
import { coactivation } from "./coactivation.ts";

const firing = (...latents: number[]): Token => ({ x: [0], latents: Object.fromEntries(latents.map((j) => [j, 1])) });
const token = fc.uniqueArray(fc.nat(7)).map((latents) => firing(...latents));
const tokens = fc.array(token, { minLength: 1, maxLength: 40 });
const all = { minTogether: 1, topPairs: 28 };

describe("coactivation", () => {
  it("ranks pairs by count, Jaccard index and lift", () => {
    // latent 0 fires on 4 of 5 tokens, 1 on 3, 2 on 1, 3 on 1
    const given = [firing(0, 1), firing(0, 1), firing(0, 1), firing(0), firing(2, 3)];
    const result = measure(coactivation(all), given, [2], 5);
    const often = { a: 0, b: 1, together: 3, jaccard: 3 / 4, lift: 15 / 12 };
    const always = { a: 2, b: 3, together: 1, jaccard: 1, lift: 5 };
    expect(result).toEqual({
      tokens: 5,
      tokensSeen: 5,
      pairs: 2,
      byCount: [often, always],
      byJaccard: [always, often],
      byLift: [always, often],
      among: {
        latents: Int32Array.of(0, 1, 2, 3),
        jaccard: Float64Array.of(...[1, 3 / 4, 0, 0], ...[3 / 4, 1, 0, 0], ...[0, 0, 1, 1], ...[0, 0, 1, 1]),
      },
    });
    expect(measure(coactivation(), given, [], 5)).toMatchObject({ pairs: 2, byCount: [], byLift: [] });
    expect(measure(coactivation({ ...all, topPairs: 1 }), given, [], 5).byLift).toEqual([always]);
  });

  it("has the Jaccard index of every pair among the latents that the lists name", () => {
    fc.assert(
      fc.property(tokens, (given) => {
        const { byJaccard, among } = measure(coactivation(all), given);
        const listed = new Map(byJaccard.map(({ a, b, jaccard }) => [`${a} ${b}`, jaccard]));
        const named = byJaccard.flatMap(({ a, b }) => [a, b]);
        expect([...among.latents].toSorted()).toEqual([...new Set(named)].toSorted());
        among.latents.forEach((i, p) =>
          among.latents.forEach((j, q) => {
            const expected = i === j ? 1 : (listed.get(`${Math.min(i, j)} ${Math.max(i, j)}`) ?? 0);
            expect(among.jaccard[p * among.latents.length + q]).toBe(expected);
          }),
        );
      }),
    );
  });

  it("names 40 latents at most, in blocks of those that fire together", () => {
    // 30 groups of 3: latents g, g + 30, g + 60
    const given = Array.from({ length: 90 }, (_, i) => firing(i % 30, (i % 30) + 30, (i % 30) + 60));
    const { latents, jaccard } = measure(coactivation({ ...all, topPairs: 90 }), given, [], 90).among;
    expect(latents).toHaveLength(39); // the last pair of a group would need two more
    expect(jaccard).toHaveLength(39 * 39);
    latents.forEach((latent, at) => expect(latent % 30).toBe(latents[at - (at % 3)]! % 30));
  });

  it("does not count stored zeros", () => {
    expect(measure(coactivation(all), [{ x: [0], latents: { 0: 1, 1: 0 } }]).pairs).toBe(0);
  });

  it("lists every pair that fires together, once, with its exact count; a bounded list is the start of it", () => {
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 6 }), (given, topPairs) => {
        const result = measure(coactivation(all), given);
        const fires = given.map(({ latents }) => new Set(Object.keys(latents!).map(Number)));
        const count = (...latents: number[]): number => fires.filter((set) => latents.every((j) => set.has(j))).length;
        for (let a = 0; a < 8; a++) {
          for (let b = a + 1; b < 8; b++) {
            const pair = result.byCount.filter((listed) => listed.a === a && listed.b === b);
            expect(pair.map(({ together }) => together)).toEqual(count(a, b) === 0 ? [] : [count(a, b)]);
          }
        }
        for (const { a, b, together, jaccard, lift } of result.byLift) {
          expect(jaccard).toBe(together / (count(a) + count(b) - together));
          expect(lift).toBe((together * given.length) / (count(a) * count(b)));
        }
        const first = measure(coactivation({ ...all, topPairs }), given);
        expect(first.byCount).toEqual(result.byCount.slice(0, topPairs));
        expect(first.byJaccard).toEqual(result.byJaccard.slice(0, topPairs));
        expect(first.byLift).toEqual(result.byLift.slice(0, topPairs));
        for (const minTogether of [2, 3]) {
          const frequent = measure(coactivation({ ...all, minTogether }), given);
          expect(frequent.byLift).toEqual(result.byLift.filter(({ together }) => together >= minTogether));
          expect(frequent.pairs).toBe(result.pairs);
        }
      }),
    );
  });

  it("counts the same when latents are renumbered", () => {
    fc.assert(
      fc.property(tokens, (given) => {
        const renumbered = given.map(({ latents }) => firing(...Object.keys(latents!).map((j) => (5 * Number(j)) % 8)));
        const measures = (list: readonly Token[]): readonly number[] =>
          measure(coactivation(all), list).byJaccard.map(({ jaccard }) => jaccard);
        expect(measures(renumbered)).toEqual(measures(given));
      }),
    );
  });

  it("counts a sample where memory is short, the same one in whatever order tokens come", () => {
    const given = Array.from({ length: 200 }, (_, i) => firing(i % 3, 3 + (i % 5)));
    const metric = coactivation({ ...all, maxFirings: 120 });
    const forwards = measure(metric, given, [7, 50, 133]);
    const run = metric.start({ dIn: 1, dSae: 8 });
    for (let i = given.length - 1; i >= 0; i--) void run.update(batchOf([given[i]!], { firstRow: i }));
    expect(run.finish()).toEqual(forwards);
    expect(forwards.tokensSeen).toBe(200);
    expect(forwards.tokens).toBeGreaterThan(10);
    expect(forwards.tokens).toBeLessThanOrEqual(40);
    expect(forwards.byCount.reduce((sum, { together }) => sum + together, 0)).toBe(forwards.tokens);
  });

  it("has defined results where nothing fires, and errors that say what to do", () => {
    expect(measure(coactivation(), [firing(), firing()])).toMatchObject({ tokens: 2, pairs: 0, byLift: [] });
    expect(() => measure(coactivation(), [])).toThrow("no tokens");
    expect(() => measure(coactivation({ maxFirings: 2 }), [firing(0, 1)])).toThrow("row 0 fires 2 latents");
    for (const options of [{ topPairs: 0 }, { minTogether: -1 }, { maxFirings: NaN }]) {
      expect(() => coactivation(options)).toThrow(UsageError);
    }
  });
});
