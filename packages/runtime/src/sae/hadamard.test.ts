import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { walshHadamard } from "./hadamard.ts";

describe("walshHadamard", () => {
  it("has rows +-1/sqrt(n)", () => {
    expect(
      [0, 1, 2, 3].map((i) => {
        const unit = new Float64Array(4);
        unit[i] = 2;
        walshHadamard(unit, 0, 4);
        return [...unit];
      }),
    ).toEqual([
      [1, 1, 1, 1],
      [1, -1, 1, -1],
      [1, 1, -1, -1],
      [1, -1, -1, 1],
    ]);
  });

  it("keeps lengths and is its own inverse, for every power of two", () => {
    const vectors = fc
      .integer({ min: 0, max: 9 })
      .chain((log) =>
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2 ** log, maxLength: 2 ** log }),
      );
    fc.assert(
      fc.property(vectors, (vector) => {
        const data = Float64Array.from(vector);
        const length = () => Math.hypot(...data);
        const before = length();
        walshHadamard(data, 0, data.length);
        expect(length()).toBeCloseTo(before, 9);
        walshHadamard(data, 0, data.length);
        data.forEach((value, i) => expect(value).toBeCloseTo(vector[i]!, 9));
      }),
    );
  });

  it("touches only its own range", () => {
    const data = Float64Array.of(7, 1, 1, 7);
    walshHadamard(data, 1, 2);
    expect(data[0]).toBe(7);
    expect(data[1]).toBeCloseTo(Math.SQRT2);
    expect(data[2]).toBeCloseTo(0);
    expect(data[3]).toBe(7);
  });
});
