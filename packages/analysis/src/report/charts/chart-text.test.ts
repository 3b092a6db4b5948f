import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { legendRows, wrappedText } from "./chart-text.ts";

const character = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));
const WIDTH = 5.3; // ten characters

describe("wrappedText", () => {
  it("breaks at spaces, and in words that are too long", () => {
    expect(wrappedText("one two three four", WIDTH, 9)).toEqual(["one two", "three four"]);
    expect(wrappedText("abcdefghijklmno p", WIDTH, 9)).toEqual(["abcdefghij", "klmno p"]);
    expect(wrappedText("", WIDTH, 9)).toEqual([]);
  });

  it("ends in an ellipsis where lines run out", () => {
    expect(wrappedText("one two three four five", WIDTH, 2)).toEqual(["one two", "three fou…"]);
    expect(wrappedText("one two three four", WIDTH, 2)).toEqual(["one two", "three four"]);
  });

  it("keeps every word in order and every line short", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(character, fc.constantFrom(..."ab  ")) }),
        fc.integer({ min: 1, max: 40 }),
        (text, width) => {
          const lines = wrappedText(text, width, 1000);
          for (const line of lines) expect([...line].length * 0.53).toBeLessThanOrEqual(Math.max(0.53, width));
          expect(lines.join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
        },
      ),
    );
  });
});

describe("legendRows", () => {
  const entry = (text: string) => ({ text, color: "#000" });

  it("fills a row before it begins the next", () => {
    const rows = legendRows([entry("a"), entry("bb"), entry("a long name"), entry("c")], 8);
    expect(rows.map((row) => row.map(({ text }) => text))).toEqual([["a", "bb"], ["a long name"], ["c"]]);
    expect(rows[0]![0]!.from).toBe(0);
    expect(rows[0]![1]!.from).toBeCloseTo(1.1 + 0.53 + 1.4);
  });

  it("shortens what no row has room for", () => {
    expect(legendRows([entry("x".repeat(99))], 8)[0]![0]!.text).toBe(`${"x".repeat(12)}…`);
    expect(legendRows([], 8)).toEqual([]);
  });
});
