import { describe, expect, it } from "vitest";
import { fakeQuantize, normals, openBackend, packMatrix, type Quantizer } from "@qsae/core";
import { dequantizeMatrix, type CodeMatrix, type PackedMatrix } from "@qsae/runtime";
import { centeredInt } from "./centered-int.ts";
import { int } from "./int.ts";
import { nested } from "./nested.ts";
import { residual } from "./residual.ts";
import { truncateCodes } from "./truncate-codes.ts";

const { ops } = await openBackend("cpu");
const [rows, cols] = [6, 32];
const weights = { shape: [rows, cols], data: normals(rows * cols, 1, 3) };
const pack = (quantizer: Quantizer): Promise<CodeMatrix> => packMatrix(ops, quantizer, weights);

const errorOf = (matrix: PackedMatrix): number =>
  dequantizeMatrix(matrix).reduce((sum, q, i) => sum + (q - weights.data[i]!) ** 2, 0);

describe.each([nested(8), nested(4, { per: 8 }), nested(5, { per: "tensor" }), centeredInt(6)])("%o", (quantizer) => {
  it("cut to m bits is what the quantizer of m bits makes of the weights on that grid", async () => {
    const calibrated = (await pack(quantizer)).planes[0]!;
    // Codes that the stored scale gives, which is rounded to float16.
    const grid = { scale: { shape: [...calibrated.scaleShape], data: calibrated.scale } };
    const packed = await packMatrix(ops, quantizer, weights, grid);
    const bits = quantizer.options["bits"] as number;
    for (let m = 1; m <= bits; m++) {
      const cut = truncateCodes(packed, m);
      const { per } = quantizer.options;
      const narrow = nested(m, per === undefined ? {} : { per: per as number });
      const { scale, scaleShape } = packed.planes[0]!;
      const wanted = ops.tidy(() => {
        const narrowed = {
          scale: ops.tensor(
            scale.map((s) => s * 2 ** (bits - m)),
            scaleShape,
          ),
        };
        return fakeQuantize(ops, narrow, ops.fromHost(weights), narrowed);
      });
      expect(dequantizeMatrix(cut)).toEqual((await ops.read(wanted)).data);
      expect(cut.codes).toEqual(narrow.codes);
      if (m < bits) expect(cut.quantizer).toEqual({ id: "nested", options: narrow.options });
      ops.dispose(wanted);
    }
  });
  it("loses less with scales refitted to the codes it was cut from", async () => {
    const packed = await pack(quantizer);
    const whole = dequantizeMatrix(packed);
    const distance = (matrix: CodeMatrix): number =>
      dequantizeMatrix(matrix).reduce((sum, q, i) => sum + (q - whole[i]!) ** 2, 0);
    for (const m of [1, 2, 3]) {
      const [grid, refit] = [truncateCodes(packed, m), truncateCodes(packed, m, { scale: "refit" })];
      expect(distance(refit)).toBeLessThan(distance(grid));
    }
  });
});

describe("nested", () => {
  it("has a scale for all widths, unless the weights of the widths say otherwise", async () => {
    const [all, widest] = [await pack(nested(4)), await pack(nested(4, { widthWeights: [0, 0, 0, 1] }))];
    expect(widest.planes).toEqual((await pack(centeredInt(4))).planes);
    expect(errorOf(all)).toBeGreaterThan(errorOf(widest));
    for (const m of [1, 2, 3]) expect(errorOf(truncateCodes(all, m))).toBeLessThan(errorOf(truncateCodes(widest, m)));
  });
  it.each([
    [0, undefined, "bits=0 is not allowed; use an integer in 1..8"],
    [2, [1], "widthWeights=[1] are not allowed; give 2 finite numbers"],
    [2, [1, 0], "the last one positive"],
    [2, [-1, 1], "of at least 0"],
  ])("refuses %j bits with weights %j", (bits, widthWeights, message) => {
    expect(() => nested(bits, widthWeights ? { widthWeights } : {})).toThrow(message);
  });
});

describe("truncateCodes", () => {
  it("keeps what has as many bits", async () => {
    const packed = await pack(nested(4));
    expect(truncateCodes(packed, 4)).toBe(packed);
  });
  it("stores a scale that float16 cannot hold as float32", async () => {
    const packed = await packMatrix(ops, nested(8), { shape: weights.shape, data: weights.data.map((w) => w * 1e6) });
    expect(packed.planes[0]!.scaleDtype).toBe("F16");
    expect(truncateCodes(packed, 1).planes[0]!.scaleDtype).toBe("F32");
  });
  it("refuses other codes and widths", async () => {
    const packed = await pack(nested(3));
    expect(() => truncateCodes(packed, 4)).toThrow("bits=4 is not allowed; the codes have 3, use an integer in 1..3");
    expect(() => truncateCodes(packed, 0)).toThrow("bits=0");
    for (const other of [await pack(int(4)), await pack(residual(centeredInt(2), 2))]) {
      expect(() => truncateCodes(other, 1)).toThrow(
        "only codes of nested and centered-int have valid codes as their top bits",
      );
    }
    expect(() => truncateCodes({ kind: "float32", rows: 1, cols: 1, values: Float32Array.of(1) }, 1)).toThrow(
      "a float32 matrix",
    );
  });
});
