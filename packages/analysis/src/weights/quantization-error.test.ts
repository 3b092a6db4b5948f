import { UsageError } from "@qsae/runtime";
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

  it("names both shapes where they differ", () => {
    const other = packedSae([floatMatrix([[1, 2]]), floatMatrix([[1, 2]])]);
    expect(() => quantizationError(other, float)).toThrow(UsageError);
    expect(() => quantizationError(other, float)).toThrow("[1, 2], the reference [3, 2]");
  });
});
