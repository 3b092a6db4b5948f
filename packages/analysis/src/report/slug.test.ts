import fc from "fast-check";
import { expect, it } from "vitest";
import { slugOf } from "./slug.ts";

const character = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

it.each([
  ["Codes of the encoder", "codes-of-the-encoder"],
  ["  FVU: 4 bits!  ", "fvu-4-bits"],
  ["Café à la carte", "cafe-a-la-carte"],
  ["../../etc/passwd", "etc-passwd"],
  ["日本語", ""],
])("makes of %s %s", (text, slug) => expect(slugOf(text)).toBe(slug));

it("is always short, lower case, and fit for a file name", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.oneof(character, fc.constantFrom(..."aZ9 -./é")), maxLength: 200 }), (text) => {
      expect(slugOf(text)).toMatch(/^$|^(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*$/);
    }),
  );
});
