import { expect, it } from "vitest";
import { bytes, clock, count, fvu, percent, shown, signed, times } from "./format.ts";

it("formats numbers alike in every locale", () => {
  expect([0, 999, 12345.6].map(count)).toEqual(["0", "999", "12,346"]);
  expect([0, 999, 1000, 1_234_567, 5e9].map(bytes)).toEqual(["0 B", "999 B", "1 kB", "1.23 MB", "5 GB"]);
  expect([0, 5, 83, 3723].map(clock)).toEqual(["0:00", "0:05", "1:23", "1:02:03"]);
  expect(fvu(0.07758)).toBe("0.0776");
  expect([percent(0.6213), percent(0.1, 0), times(0.615)]).toEqual(["62.1 %", "10 %", "x 0.61"]);
  expect([shown(undefined, count), shown(0, count)]).toEqual(["-", "0"]);
});

it("gives signs to what is written as more than nothing", () => {
  expect([0.0123, -0.0123, 0, -0, 1e-9, -1e-9].map((value) => signed(value, fvu))).toEqual(
    ["+0.0123", "-0.0123", "0.0000", "0.0000", "0.0000", "0.0000"], // prettier-ignore
  );
  expect([signed(-2e6, bytes), signed(3, count)]).toEqual(["-2 MB", "+3"]);
});
