import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dequantizeMatrix, UsageError, type FloatMatrix } from "@qsae/runtime";
import { assembleMixed, partsOf } from "./mixed-parts.ts";

const floats = (...rows: readonly (readonly [number, number])[]): FloatMatrix => ({
  kind: "float32",
  rows: rows.length,
  cols: 2,
  values: Float32Array.from(rows.flat()),
});

describe("assembleMixed", () => {
  it("puts the rows of every part in their places; what no part names is zero", () => {
    const mixed = assembleMixed(
      [5, 2],
      [
        { rowNumbers: [3], matrix: floats([1, 2]) },
        { rowNumbers: [], matrix: floats() },
        { rowNumbers: Int32Array.of(0, 4), matrix: floats([3, 4], [5, 6]) },
      ],
    );
    expect([...dequantizeMatrix(mixed)]).toEqual([3, 4, 0, 0, 0, 0, 1, 2, 5, 6]);
    expect(mixed.parts).toHaveLength(2);
  });

  it("is undone by partsOf", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), (partOfRow) => {
        const rowsOf = (part: number) => partOfRow.flatMap((own, row) => (own === part ? [row] : []));
        const parts = [0, 1, 2]
          .map((part) => rowsOf(part))
          .filter((rows) => rows.length > 0)
          .map((rowNumbers) => ({ rowNumbers, matrix: floats(...rowNumbers.map((r): [number, number] => [r, -r])) }));
        expect(partsOf(assembleMixed([partOfRow.length, 2], parts))).toEqual(parts);
      }),
    );
    expect(partsOf(floats([1, 2], [3, 4]))).toEqual([{ rowNumbers: [0, 1], matrix: floats([1, 2], [3, 4]) }]);
  });

  const one = floats([1, 2]);
  it.each([
    ["a row that does not exist", [{ rowNumbers: [4], matrix: one }], "part 0 has row 4 after -1"],
    ["half a row", [{ rowNumbers: [0.5], matrix: one }], "has row 0.5 after -1"],
    ["rows that descend", [{ rowNumbers: [2, 1], matrix: floats([1, 2], [3, 4]) }], "has row 1 after 2"],
    ["a row twice in a part", [{ rowNumbers: [1, 1], matrix: floats([1, 2], [3, 4]) }], "has row 1 after 1"],
    [
      "a row in two parts",
      [
        { rowNumbers: [1], matrix: one },
        { rowNumbers: [1], matrix: one },
      ],
      "row 1 is in part 0 and in part 1",
    ],
    ["more row numbers than rows", [{ rowNumbers: [0, 1], matrix: one }], "part 0 is [1, 2]; expected [2, 2]"],
    [
      "other columns",
      [{ rowNumbers: [0], matrix: { ...one, cols: 1, values: new Float32Array(1) } }],
      "part 0 is [1, 1]; expected [1, 2]",
    ],
    [
      "more parts than a byte tells apart",
      Array.from({ length: 256 }, (_, row) => ({ rowNumbers: [row], matrix: one })),
      "256 parts; at most 255 are allowed",
    ],
  ])("refuses %s", (_, parts, message) => {
    const assemble = () => assembleMixed([4, 2], parts);
    expect(assemble).toThrow(UsageError);
    expect(assemble).toThrow(message);
  });
});
