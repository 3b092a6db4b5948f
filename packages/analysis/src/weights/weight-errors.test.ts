import { NonFiniteError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "./packed.fixture.ts";
import { haveComparableWeights, weightErrors } from "./weight-errors.ts";

const rows = [
  [3, 4],
  [0, 0],
  [1, -1],
];
const float = packedSae([floatMatrix(rows), floatMatrix(rows)]);

describe("weightErrors", () => {
  it("adds up errors over all weights and per latent, and names the worst with its code", () => {
    const codes = [
      [1, 1],
      [1, 0],
      [1, -1],
    ];
    const [encoder, dictionary] = weightErrors(packedSae([floatMatrix(rows), codeMatrix(codes, [2.5, 0.5, 1])]), float);
    expect(encoder).toMatchObject({ matrix: "encoder", weights: 6, mse: 0, meanAbs: 0, maxAbs: 0, l2: 0 });
    expect(dictionary).toMatchObject({
      matrix: "dictionary",
      mse: (0.25 + 2.25 + 0.25) / 6, // errors -0.5 -1.5 | 0.5 0 | 0 0
      meanAbs: 2.5 / 6,
      maxAbs: 1.5,
      l2: Math.sqrt(2.75),
      squaredErrors: Float64Array.of(2.5, 0.25, 0),
      worst: { row: 0, column: 1, value: 2.5, reference: 4, bits: 1.6, codes: [1] },
    });
    expect(dictionary!.byBits).toHaveLength(1);
  });

  it("tells widths of a mixed matrix apart, dropped rows first", () => {
    const mixed = mixedMatrix([1, undefined, 0], codeMatrix([[1, -1]], [0.5]), floatMatrix([[3, 4.5]]));
    const [, dictionary] = weightErrors(packedSae([floatMatrix(rows), mixed]), float);
    const figures = { weights: 2, rows: 1 };
    expect(dictionary!.byBits).toMatchObject([
      { bits: 0, maxAbs: 0, ...figures },
      { bits: 1.6, maxAbs: 0.5, mse: 0.25, l2: Math.SQRT1_2, ...figures },
      { bits: 32, maxAbs: 0.5, mse: 0.125, l2: 0.5, ...figures },
    ]);
    expect(dictionary!.worst).toEqual({ row: 0, column: 1, value: 4.5, reference: 4, bits: 32 });
    const codes = mixedMatrix([1, undefined, 0], codeMatrix([[1, -1]], [9]), floatMatrix([[3, 4]]));
    const worst = { row: 2, column: 0, value: 9, reference: 1, bits: 1.6, codes: [1] };
    expect(weightErrors(packedSae([floatMatrix(rows), codes]), float)[1]!.worst).toEqual(worst);
  });

  it("follows when latents are permuted", () => {
    const value = fc.integer({ min: -9, max: 9 });
    const pair = fc.tuple(fc.tuple(value, value), fc.tuple(value, value));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 6 }), (pairs) => {
        const errors = (given: typeof pairs) => {
          const [q, w] = [given.map(([a]) => a), given.map(([, b]) => b)];
          return weightErrors(
            packedSae([floatMatrix(q), floatMatrix(q)]),
            packedSae([floatMatrix(w), floatMatrix(w)]),
          )[1]!;
        };
        const [forwards, backwards] = [errors(pairs), errors(pairs.toReversed())];
        expect([...backwards.squaredErrors].reverse()).toEqual([...forwards.squaredErrors]);
        for (const key of ["mse", "meanAbs", "maxAbs", "l2"] as const) expect(backwards[key]).toBe(forwards[key]);
      }),
    );
  });

  it("names stages", () => {
    const two = packedSae([floatMatrix(rows), floatMatrix(rows)], [floatMatrix(rows), floatMatrix(rows)]);
    expect(weightErrors(two, two).map(({ matrix }) => matrix)).toEqual([
      "encoder of stage 1",
      "dictionary of stage 1",
      "encoder of stage 2",
      "dictionary of stage 2",
    ]);
  });

  it("refuses other shapes, other spaces and weights that are not finite", () => {
    const narrow = packedSae([floatMatrix([[1]]), floatMatrix([[1]])]);
    expect(() => weightErrors(narrow, float)).toThrow("[1, 1], the reference [3, 2]");
    const rotated = { ...float, rotation: { kind: "hadamard", signs: Int8Array.of(1, -1) } } as const;
    expect(() => weightErrors(rotated, float)).toThrow(UsageError);
    expect(() => weightErrors({ ...float, inputScale: 2 }, float)).toThrow("not of one space");
    expect(weightErrors(rotated, rotated)[1]!.mse).toBe(0);
    expect([narrow, rotated, float].map((sae) => haveComparableWeights(sae, float))).toEqual([false, false, true]);
    const broken = packedSae([floatMatrix(rows), floatMatrix([...rows.slice(1), [NaN, 0]])]);
    expect(() => weightErrors(broken, float)).toThrow(NonFiniteError);
    expect(() => weightErrors(broken, float)).toThrow("row 2 of the dictionary");
  });
});
