import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latentTable, smallText, type FiringText } from "../latents.fixture.ts";
import { dataOf } from "../page-data.fixture.ts";
import { NOT_FOUND, textSearch, type TextMatches } from "./text-search.ts";

const search = (text: FiringText, query: string): TextMatches => {
  const data = dataOf(latentTable(text));
  return textSearch(data.dSae, data.own.contexts!, data.text!)(query);
};

describe("textSearch", () => {
  it("scores by how strongly a latent fires on the text, in any case of letters", () => {
    // latent 1 has the context "the Cat sat"; latent 3 has "sat by" and "the dog", each of which ends with its window
    expect([...search(smallText, "cat").scores]).toEqual([NOT_FOUND, 255, NOT_FOUND, NOT_FOUND]);
    expect([...search(smallText, "THE").scores]).toEqual([0, 64, NOT_FOUND, 128]);
    expect([...search(smallText, "dog ran").scores]).toEqual([255, NOT_FOUND, NOT_FOUND, NOT_FOUND]);
    expect([...search(smallText, "he d").scores]).toEqual([255, NOT_FOUND, NOT_FOUND, 128]);
  });

  it("finds nothing across the ends of contexts and of windows, and nothing without a text", () => {
    for (const query of ["to the", "ran to the", "elephant", "", "the dog ran to"]) {
      expect([...search(smallText, query).scores]).toEqual([-1, -1, -1, -1]);
    }
  });

  it("adds up the contexts of a latent", () => {
    const text = {
      words: ["a", "b", "a", "c", "a"],
      rowsPerWindow: 1,
      firings: [{ 0: 1 }, { 0: 3 }, { 0: 4 }, { 0: 1 }, { 0: 2 }],
      dSae: 1,
    };
    const { scores, contexts } = search(text, "a");
    expect([...scores]).toEqual([255 + 128 + 64]);
    expect([...contexts]).toEqual([0]);
    expect([...search(text, "b").contexts]).toEqual([1]); // the second strongest
    expect([...search(text, "d").contexts]).toEqual([NOT_FOUND]);
  });

  it("is what looking through every context gives", () => {
    const cases = fc.record({
      words: fc.array(fc.constantFrom("a", "b", "ab", "Ba", "", " "), { minLength: 1, maxLength: 24 }),
      rowsPerWindow: fc.integer({ min: 1, max: 9 }),
      before: fc.nat(3),
      after: fc.nat(3),
      query: fc.constantFrom("a", "ab", "aba", "bab", " a", "b b"),
      fires: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    });
    fc.assert(
      fc.property(cases, ({ words, query, fires, ...options }) => {
        const firings = words.map((_, row) => (fires[row] ? { 0: 1 } : {}));
        const table = latentTable({ words, firings, dSae: 1, ...options });
        const data = dataOf(table);
        const { rowsPerWindow, before, after } = options;
        const holds = [...table.contexts!.rows].filter((row) => {
          const start = Math.floor(row / rowsPerWindow) * rowsPerWindow;
          const from = Math.max(start, row - before);
          const to = Math.min(start + rowsPerWindow, words.length, row + after + 1);
          return words.slice(from, to).join("").toLowerCase().includes(query);
        });
        const [score] = textSearch(1, data.own.contexts!, data.text!)(query).scores;
        expect(score! >= 0).toBe(holds.length > 0);
        expect(score).toBeLessThanOrEqual(holds.length * 255);
      }),
    );
  });
});
