import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "./errors.ts";
import { parseStrictJson } from "./strict-json.ts";

const limits = { maxDepth: 4, maxValues: 1000 };
const fail = (problem: string): never => {
  throw new UsageError(problem);
};
const parse = (text: string) => parseStrictJson(text, limits, fail);

describe("parseStrictJson", () => {
  it("agrees with JSON.parse on JSON without repeated keys", () => {
    const json = fc
      .jsonValue({ maxDepth: 3, noUnicodeString: false })
      .filter((value) => !JSON.stringify(value).includes('"__proto__"'));
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'the name "a" occurs twice'],
    ['{"a":1,"\\u0061":2}', 'the name "a" occurs twice'],
    ['{"x":{"a":1, "b":[{"c":1,"c" :2}]}}', 'the name "c" occurs twice'],
    ['{"__proto__":1}', 'the name "__proto__" is not allowed'],
    ["[[[[[1]]]]]", "JSON is nested more than 4 deep"],
    [`[${"1,".repeat(1000)}1]`, "JSON holds more than 1000 values"],
    ['{"a":', "invalid JSON"],
    ['{"a":"', "invalid JSON"],
    ['{"\\u00":1}', "invalid JSON"],
    ["", "invalid JSON"],
  ])("refuses %.40s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(UsageError);
  });

  it("takes a key again in another object, and keys that look like braces", () => {
    expect(parse('[{"a":1},{"a":2},{"{\\"a":{"a":"}"}}]')).toEqual([{ a: 1 }, { a: 2 }, { '{"a': { a: "}" } }]);
  });

  it("refuses deep nesting without running out of stack or time", () => {
    expect(() => parse("[".repeat(10_000_000))).toThrow("nested");
  });
});
