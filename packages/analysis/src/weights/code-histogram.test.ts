import { describe, expect, it } from "vitest";
import { codeHistograms } from "./code-histogram.ts";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "./packed.fixture.ts";

const float = floatMatrix([[1, 2, 3]]);
const ternary = codeMatrix([[1, -1, 1]], [2]);

describe("codeHistograms", () => {
  it("counts every code of the range, also those that do not occur", () => {
    expect(codeHistograms(packedSae([float, ternary]))).toEqual([
      { matrix: "dictionary", firstCode: -1, counts: [1, 0, 2] },
    ]);
  });

  it("names matrix, stage and plane", () => {
    const stack = { ...ternary, rule: { kind: "sum", planes: 2, each: { kind: "affine" } } as const };
    const planes = [ternary.planes[0]!, codeMatrix([[0, 0, 0]], [1]).planes[0]!];
    const names = codeHistograms(packedSae([ternary, { ...stack, planes }], [ternary, float])).map(
      ({ matrix }) => matrix,
    );
    expect(names).toEqual([
      "encoder of stage 1",
      "dictionary of stage 1, plane 1",
      "dictionary of stage 1, plane 2",
      "encoder of stage 2",
    ]);
  });

  it("counts the codes of each part of a mixed matrix", () => {
    const mixed = mixedMatrix([1, undefined, 0, 2], float, ternary, codeMatrix([[3, 0, 0]], [1], [0, 3]));
    expect(codeHistograms(packedSae([float, mixed]))).toEqual([
      { matrix: "dictionary, part 2", firstCode: -1, counts: [1, 0, 2] },
      { matrix: "dictionary, part 3", firstCode: 0, counts: [2, 0, 0, 1] },
    ]);
  });

  it("has nothing to say about float weights", () => {
    expect(codeHistograms(packedSae([float, float]))).toEqual([]);
  });
});
