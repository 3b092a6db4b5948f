import fc from "fast-check";
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

  it("loses no weight, and finds each code as often as it is", () => {
    const row = fc.tuple(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 9 }), (rows) => {
        const matrix = codeMatrix(
          rows,
          rows.map(() => 1),
          [-2, 3],
        );
        const codes = rows.flat();
        const counts = [-2, -1, 0, 1, 2, 3].map((code) => codes.filter((each) => each === code).length);
        expect(codeHistograms(packedSae([matrix, matrix]))).toEqual([
          { matrix: "encoder", firstCode: -2, counts },
          { matrix: "dictionary", firstCode: -2, counts },
        ]);
      }),
    );
  });

  it("has nothing to say about float weights", () => {
    expect(codeHistograms(packedSae([float, float]))).toEqual([]);
  });
});
