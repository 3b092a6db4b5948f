import { describe, expect, it } from "vitest";
import { normals, openBackend } from "@qsae/core";
import { bitsPerWeight, dequantizeMatrix, type FloatMatrix, type PackedSae } from "@qsae/runtime";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { roundToNearest } from "./round-to-nearest.ts";

const [rows, cols] = [6, 20];
const matrix = (seed: number): FloatMatrix => ({ kind: "float32", rows, cols, values: normals(rows * cols, 1, seed) });
const sae: PackedSae = {
  dIn: cols,
  stages: [
    {
      dSae: rows,
      input: { kind: "x" },
      subtractBDec: true,
      encoder: matrix(1),
      bEnc: new Float32Array(rows),
      selection: { kind: "topk", k: 2, relu: true },
      dictionary: matrix(2),
      bDec: new Float32Array(cols),
      outputWeight: 1,
    },
  ],
  description: { variant: "baseline", config: {}, provenance: {}, metrics: {} },
};

describe("roundToNearest", () => {
  it("quantizes the sides that are asked for and no other", async () => {
    const { ops } = await openBackend("cpu");
    const rounded = await roundToNearest(ops, sae, { dictionary: ternary() });
    expect(rounded.stages[0]!.encoder).toBe(sae.stages[0]!.encoder);
    expect(rounded.stages[0]!.dictionary).toMatchObject({
      kind: "codes",
      codes: [-1, 1],
      quantizer: { id: "ternary" },
    });
    // 20 trits in 4 bytes and one F16 scale per atom of 20 weights
    expect(bitsPerWeight(rounded).dictionary).toBeCloseTo((8 * (4 + 2)) / 20, 10);
  });
  it("rounds every weight to the nearest level of its atom", async () => {
    const { ops } = await openBackend("cpu");
    const rounded = await roundToNearest(ops, sae, { encoder: int(3), dictionary: int(3) });
    for (const side of ["encoder", "dictionary"] as const) {
      const [w, packed] = [(sae.stages[0]![side] as FloatMatrix).values, rounded.stages[0]![side]];
      if (packed.kind !== "codes") throw new Error("not quantized");
      const { scale } = packed.planes[0]!;
      dequantizeMatrix(packed).forEach((q, i) => {
        const s = scale[Math.floor(i / cols)]!;
        const best = Math.min(...[-3, -2, -1, 0, 1, 2, 3].map((code) => Math.abs(w[i]! - code * s)));
        expect(Math.abs(w[i]! - q)).toBeCloseTo(best, 2); // scales are rounded to F16 after the codes were chosen
      });
    }
  });
  it("leaks no tensors", async () => {
    const { ops } = await openBackend("cpu");
    const before = ops.memory().tensors;
    await roundToNearest(ops, sae, { encoder: int(4), dictionary: ternary() });
    expect(ops.memory().tensors).toBe(before);
  });
});
