import { expect, it } from "vitest";
import { bytes, clock, count, fvu } from "./format.ts";

it("formats numbers alike in every locale", () => {
  expect([0, 999, 12345.6].map(count)).toEqual(["0", "999", "12,346"]);
  expect([0, 999, 1000, 1_234_567, 5e9].map(bytes)).toEqual(["0 B", "999 B", "1 kB", "1.23 MB", "5 GB"]);
  expect([0, 5, 83, 3723].map(clock)).toEqual(["0:00", "0:05", "1:23", "1:02:03"]);
  expect(fvu(0.07758)).toBe("0.0776");
});
