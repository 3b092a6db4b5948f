import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { InvalidCodesError, packCodes } from "./bit-packing.ts";
import { dequantizeMatrix, dequantizeRow } from "./dequantize.ts";
import type { CodeMatrix, CodePlane } from "./schema.ts";

const quantizer = { id: "test", options: {} };

function plane(codes: number[], rows: number, range: CodeMatrix["codes"], scale: number[], groups = 1): CodePlane {
  return {
    packed: packCodes(codes, rows, codes.length / rows, range),
    scale: Float32Array.from(scale),
    scaleShape: [scale.length / groups, groups],
    scaleDtype: "F32",
  };
}

describe("dequantizeMatrix", () => {
  it("affine: (code + offset) * scale of the row", () => {
    const range = [-2, 1] as const;
    const planes = [plane([-2, -1, 0, 1, 1, -2], 2, range, [0.5, 10])];
    const rule = { kind: "affine", offset: 0.5 } as const;
    const weights = dequantizeMatrix({ kind: "codes", rows: 2, cols: 3, codes: range, rule, planes, quantizer });
    expect([...weights]).toEqual([-0.75, -0.25, 0.25, 15, 15, -15]);
  });

  it("table: level of the code times one scale for the tensor", () => {
    const range = [0, 1] as const;
    const planes = [plane([0, 1, 1, 0], 2, range, [3])];
    const rule = { kind: "table", levels: [-1, 1] } as const;
    const weights = dequantizeMatrix({ kind: "codes", rows: 2, cols: 2, codes: range, rule, planes, quantizer });
    expect([...weights]).toEqual([-3, 3, 3, -3]);
  });

  it("sum: planes with scales of their own, per group of columns", () => {
    const range = [-1, 1] as const;
    const planes = [plane([1, -1, 0, 1], 1, range, [4, 8], 2), plane([1, 1, 1, -1], 1, range, [1])];
    const rule = { kind: "sum", planes: 2, each: { kind: "affine" } } as const;
    const weights = dequantizeMatrix({ kind: "codes", rows: 1, cols: 4, codes: range, rule, planes, quantizer });
    expect([...weights]).toEqual([5, -3, 1, 7]);
  });

  it("rounds to float32 at every step: level, product, sum", () => {
    const scales = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -10, max: 10 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        scales,
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)),
        (scale, offset, codes) => {
          const range = [0, 6] as const;
          const planes = scale.map((s, p) => plane([codes[p]!], 1, range, [s]));
          const rule = { kind: "sum", planes: 3, each: { kind: "affine", offset } } as const;
          const f = Math.fround;
          const product = (p: number) => f(f(codes[p]! + f(offset)) * scale[p]!);
          const [weight] = dequantizeMatrix({ kind: "codes", rows: 1, cols: 1, codes: range, rule, planes, quantizer });
          expect(weight).toBe(f(f(product(0) + product(1)) + product(2)));
        },
      ),
    );
  });

  it("hands out a float matrix as it is", () => {
    const values = Float32Array.of(1, 2);
    expect(dequantizeMatrix({ kind: "float32", rows: 1, cols: 2, values })).toBe(values);
  });

  it("refuses bytes that are no codes", () => {
    const bad = { ...plane([1], 1, [-1, 1], [1]), packed: Uint8Array.of(250) };
    const rule = { kind: "affine" } as const;
    const matrix = { kind: "codes", rows: 1, cols: 1, codes: [-1, 1], rule, planes: [bad], quantizer } as const;
    expect(() => dequantizeMatrix(matrix)).toThrow(InvalidCodesError);
  });
});

describe("dequantizeRow", () => {
  const range = [-1, 1] as const;
  const planes = [plane([1, -1, 0, 1, 1, 1], 3, range, [2, 3, 4])];
  const matrix: CodeMatrix = {
    kind: "codes",
    rows: 3,
    cols: 2,
    codes: range,
    rule: { kind: "affine" },
    planes,
    quantizer,
  };

  it("is a row of dequantizeMatrix", () => {
    const out = new Float32Array(2);
    for (let row = 0; row < 3; row++) {
      dequantizeRow(matrix, row, out);
      expect(out).toEqual(dequantizeMatrix(matrix).subarray(2 * row, 2 * row + 2));
    }
    dequantizeRow({ kind: "float32", rows: 2, cols: 2, values: Float32Array.of(1, 2, 3, 4) }, 1, out);
    expect([...out]).toEqual([3, 4]);
  });

  it("refuses a row that does not exist and an output of another length", () => {
    expect(() => dequantizeRow(matrix, 3, new Float32Array(2))).toThrow(
      "row 3 does not exist; the matrix has rows 0..2",
    );
    expect(() => dequantizeRow(matrix, -1, new Float32Array(2))).toThrow(UsageError);
    expect(() => dequantizeRow(matrix, 0, new Float32Array(3))).toThrow("out has 3 elements; a row has 2");
  });
});
