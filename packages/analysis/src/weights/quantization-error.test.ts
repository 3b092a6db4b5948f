import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "./packed.fixture.ts";
import { quantizationError } from "./quantization-error.ts";

const rows = [
  [3, 4],
  [0, 0],
  [1, -1],
];
const float = packedSae([floatMatrix(rows), floatMatrix(rows)]);

describe("quantizationError", () => {
  it("is relative to the norm of each atom of the reference; zero atoms have none", () => {
    const codes = [
      [1, 1],
      [1, 0],
      [1, -1],
    ];
    const quantized = packedSae([floatMatrix(rows), codeMatrix(codes, [3, 1, 1])]);
    expect([...quantizationError(quantized, float)]).toEqual([1 / 5, 0]);
  });

  it("is 1 for an atom that a mixed matrix drops", () => {
    const mixed = mixedMatrix([undefined, undefined, 0], codeMatrix([[1, -1]], [1]));
    expect([...quantizationError(packedSae([floatMatrix(rows), mixed]), float)]).toEqual([1, 0]);
  });

  it("is 0 against itself", () => {
    expect([...quantizationError(float, float)]).toEqual([0, 0]);
  });

  it("does not depend on the unit of an atom, nor on its number", () => {
    const value = fc.integer({ min: -9, max: 9 });
    const pair = fc.tuple(fc.tuple(value, value), fc.tuple(value, value));
    const errors = (pairs: readonly (readonly [readonly number[], readonly number[]])[]): readonly number[] => {
      const [q, w] = [floatMatrix(pairs.map(([a]) => a)), floatMatrix(pairs.map(([, b]) => b))];
      return [...quantizationError(packedSae([w, q]), packedSae([w, w]))];
    };
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 6 }), fc.constantFrom(0.5, 8, -2), (pairs, unit) => {
        const scaled = pairs.map(([q, w]) => [q.map((v) => unit * v), w.map((v) => unit * v)] as const);
        expect(errors(scaled)).toEqual(errors(pairs));
        expect(errors(pairs.toReversed())).toEqual(errors(pairs).toReversed());
      }),
    );
  });

  it("names both shapes where they differ", () => {
    const other = packedSae([floatMatrix([[1, 2]]), floatMatrix([[1, 2]])]);
    expect(() => quantizationError(other, float)).toThrow(UsageError);
    expect(() => quantizationError(other, float)).toThrow("[1, 2], the reference [3, 2]");
  });
});
