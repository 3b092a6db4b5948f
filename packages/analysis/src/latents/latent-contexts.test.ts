import { UsageError } from "@qsae/runtime";
import type { Metric, TokenTexts } from "@qsae/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, measure, type Token } from "../metrics/batches.fixture.ts";
import { latentContexts, type LatentContexts } from "./latent-contexts.ts";

const textsOf = (rows: number, rowsPerWindow: number): TokenTexts => ({
  pieces: ["a", "b"],
  tokens: Int32Array.from({ length: rows }, (_, row) => row % 2),
  rowsPerWindow,
});
const tokensOf = (rows: readonly Record<number, number>[]): Token[] => rows.map((latents) => ({ x: [0], latents }));

/** Contexts of each latent as plain data. */
const plain = ({ offsets, rows, values, strengths, before, after }: LatentContexts, dSae: number) => {
  const width = before + 1 + after;
  return Array.from({ length: dSae }, (_, j) =>
    Array.from({ length: offsets[j + 1]! - offsets[j]! }, (_, rank) => {
      const at = offsets[j]! + rank;
      return [rows[at], values[at], ...strengths.subarray(at * width, (at + 1) * width)];
    }),
  );
};

describe("latentContexts", () => {
  // two windows of five rows
  const tokens = tokensOf([
    { 0: 1, 1: 0.001 },
    { 0: 4 },
    { 0: 2 },
    { 2: -1 },
    { 0: 3 },
    { 0: 2.5 },
    {},
    { 0: 1 },
    { 1: 0 },
    { 1: 2 },
  ]);
  const texts = textsOf(10, 5);

  it("gives the value on every token around, in 255ths of the latent's largest", () => {
    const result = measure(latentContexts({ texts, before: 1, after: 1 }), tokens, [3, 4], 4);
    expect(plain(result, 4)).toEqual([
      [
        [1, 4, 64, 255, 128],
        [4, 3, 0, 191, 0], // row 5 is in another window
        [5, 2.5, 0, 159, 0], // and so is row 4
      ],
      [
        [9, 2, 0, 255, 0],
        [0, Math.fround(0.001), 0, 1, 0], // fires, so not 0
      ],
      [[3, -1, 0, 255, 0]],
      [],
    ]);
    expect(result.texts).toBe(texts);
    expect([result.before, result.after]).toEqual([1, 1]);
  });

  it("keeps the stronger of two contexts that share a token", () => {
    // of rows 5 and 7, which share row 6, the stronger; rows 1 and 4 share row 2 once two tokens before are shown
    const near = measure(latentContexts({ texts, before: 1, after: 1 }), tokens, [], 4);
    expect(plain(near, 4)[0]!.map(([row]) => row)).toEqual([1, 4, 5]);
    const wide = measure(latentContexts({ texts, before: 2, after: 1 }), tokens, [], 4);
    expect(plain(wide, 4)[0]!.map(([row]) => row)).toEqual([1, 5]);
    const single = measure(latentContexts({ texts, before: 0, after: 0 }), tokens, [], 4);
    expect(plain(single, 4)[0]!.map(([row]) => row)).toEqual([1, 4, 5, 2, 0]);
  });

  it("keeps the strongest few, of equal ones the earlier", () => {
    const equal = tokensOf([{ 0: 1 }, { 0: 2 }, { 0: 1 }, { 0: 2 }, { 0: 1 }]);
    const result = measure(latentContexts({ texts: textsOf(5, 5), perLatent: 3, before: 0, after: 0 }), equal, [], 1);
    expect([...result.rows]).toEqual([1, 3, 0]);
  });

  const dictionary = fc.dictionary(fc.nat(2).map(String), fc.integer({ min: -1, max: 4 }), { maxKeys: 3 });
  const cases = fc.record({
    given: fc.array(dictionary, { minLength: 2, maxLength: 40 }).map(tokensOf),
    rowsPerWindow: fc.integer({ min: 1, max: 45 }),
    perLatent: fc.integer({ min: 1, max: 4 }),
    before: fc.nat(4),
    after: fc.nat(4),
  });
  const metricOf = ({ given, rowsPerWindow, ...options }: typeof cases extends fc.Arbitrary<infer T> ? T : never) =>
    latentContexts({ texts: textsOf(given.length, rowsPerWindow), ...options });

  const inOrder = (metric: Metric<LatentContexts>, tokens: readonly Token[], order: readonly number[]) => {
    const run = metric.start({ dIn: 1, dSae: 3 });
    for (const row of order) void run.update(batchOf([tokens[row]!], { dSae: 3, firstRow: row }));
    return run.finish();
  };

  it("depends neither on the batches nor on the order of tokens", () => {
    const ordered = cases.chain((one) => {
      const rows = one.given.map((_, row) => row);
      return fc.tuple(fc.constant(one), fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }));
    });
    fc.assert(
      fc.property(ordered, fc.array(fc.nat(40), { maxLength: 4 }), ([one, order], cuts) => {
        const metric = metricOf(one);
        const whole = measure(metric, one.given, [], 3);
        expect(measure(metric, one.given, cuts, 3)).toEqual(whole);
        expect(inOrder(metric, one.given, order)).toEqual(whole);
      }),
    );
  });

  it("is what choosing from all firings one after the other gives", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { given, rowsPerWindow, perLatent, before, after } = one;
        const windowOf = (row: number): number => Math.floor(row / rowsPerWindow);
        const valueAt = (row: number, j: number): number => given[row]?.latents?.[j] ?? 0;
        const result = plain(measure(metricOf(one), given, [], 3), 3);
        for (let j = 0; j < 3; j++) {
          const firings = given
            .map((_, row) => row)
            .filter((row) => valueAt(row, j) !== 0)
            .sort((p, q) => valueAt(q, j) - valueAt(p, j) || p - q);
          const chosen: number[] = [];
          for (const row of firings) {
            const apart = chosen.every(
              (other) => windowOf(other) !== windowOf(row) || Math.abs(other - row) > before + after,
            );
            if (apart && chosen.length < perLatent) chosen.push(row);
          }
          expect(result[j]!.map(([row]) => row)).toEqual(chosen);
          for (const [row, value, ...strengths] of result[j]!) {
            expect(value).toBe(valueAt(row!, j));
            strengths.forEach((strength, at) => {
              const around = row! - before + at;
              const fires = windowOf(around) === windowOf(row!) && valueAt(around, j) !== 0;
              expect(strength! > 0).toBe(fires);
            });
          }
          if (chosen.length > 0) expect(result[j]![0]![2 + before]).toBe(255);
        }
      }),
    );
  });

  it("holds few firings: contexts end where memory did, and still share no token", () => {
    const long = tokensOf([{ 0: 1 }, { 0: 2 }, { 0: 3 }, { 0: 4 }, { 0: 5 }, { 0: 1 }]);
    const given = latentContexts({ texts: textsOf(6, 6), before: 1, after: 1, maxFirings: 2 });
    // parts of rows 0 1, 2 3, 4 5: row 1 gives way to row 3, and that to row 4
    expect(plain(measure(given, long, [], 1), 1)).toEqual([[[4, 5, 0, 255, 51]]]);
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 9 }), (one, maxFirings) => {
        const { given: all, rowsPerWindow, ...options } = one;
        const metric = latentContexts({ texts: textsOf(all.length, rowsPerWindow), ...options, maxFirings });
        for (const list of plain(measure(metric, all, [], 3), 3)) {
          for (const [i, [row]] of list.entries()) {
            for (const [other] of list.slice(i + 1)) {
              const together = Math.floor(row! / rowsPerWindow) === Math.floor(other! / rowsPerWindow);
              if (together) expect(Math.abs(row! - other!)).toBeGreaterThan(one.before + one.after);
            }
          }
        }
      }),
    );
  });

  it("takes a token that fires more than it may hold", () => {
    const metric = latentContexts({ texts: textsOf(2, 2), before: 0, after: 1, maxFirings: 1 });
    expect(plain(measure(metric, tokensOf([{ 0: 1, 1: 2, 2: 3 }, { 1: 1 }]), [], 3), 3)).toEqual([
      [[0, 1, 255, 0]],
      [[0, 2, 255, 0]],
      [[0, 3, 255, 0]],
    ]);
  });

  it("refuses texts of other data and options out of range", () => {
    const run = latentContexts({ texts: textsOf(2, 2) }).start({ dIn: 1, dSae: 8 });
    expect(() => run.update(batchOf(tokensOf([{}]), { firstRow: 2 }))).toThrow(UsageError);
    expect(() => run.update(batchOf(tokensOf([{}]), { firstRow: 2 }))).toThrow(
      "the data have a row 2, but the texts 2 tokens; read both from one file",
    );
    for (const options of [{ perLatent: 0 }, { before: -1 }, { after: 0.5 }, { maxFirings: 0 }, { before: NaN }]) {
      expect(() => latentContexts({ texts: textsOf(2, 2), ...options })).toThrow(UsageError);
    }
    expect(() => latentContexts({ texts: textsOf(2, 0) })).toThrow(/rowsPerWindow=0/);
    expect(() => latentContexts({ texts: { ...textsOf(2, 2), pieces: ["a"] } })).toThrow(
      /tokens\[1\]=1 is none of the 1/,
    );
    expect(() => latentContexts({ texts: textsOf(2, 2), perLatent: 1000 }).start({ dIn: 1, dSae: 65_536 })).toThrow(
      /lower perLatent/,
    );
  });
});
