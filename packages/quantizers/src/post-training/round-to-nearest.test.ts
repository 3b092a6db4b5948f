import { describe, expect, it } from "vitest";
import { normals, openBackend } from "@qsae/core";
import {
  bitsPerWeight,
  dequantizeMatrix,
  NO_PART,
  type FloatMatrix,
  type MixedMatrix,
  type PackedSae,
} from "@qsae/runtime";
import { int } from "../int.ts";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { packMixed } from "../mixed/pack-mixed.ts";
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
  it("leaves rows dropped that are dropped already", async () => {
    const { ops } = await openBackend("cpu");
    const dropped = dropDeadLatents(sae, [0, 3]);
    for (const from of [dropped, await roundToNearest(ops, dropped, { encoder: int(4), dictionary: int(4) })]) {
      const { stages } = await roundToNearest(ops, from, { encoder: ternary(), dictionary: ternary() });
      for (const side of ["encoder", "dictionary"] as const) {
        const matrix = stages[0]![side];
        expect(matrix).toMatchObject({ kind: "mixed", rows, cols, parts: [{ quantizer: { id: "ternary" }, rows: 4 }] });
        expect([...(matrix as MixedMatrix).partOfRow]).toEqual([NO_PART, 0, 0, NO_PART, 0, 0]);
      }
    }
    const all = dropDeadLatents(sae, [0, 1, 2, 3, 4, 5]);
    const { stages } = await roundToNearest(ops, all, { dictionary: ternary() });
    expect(stages[0]!.dictionary).toMatchObject({ kind: "mixed", parts: [] });
  });
  it("makes one matrix of a mixed one that has all rows", async () => {
    const { ops } = await openBackend("cpu");
    const { values } = matrix(2);
    const mixed = await packMixed(ops, { shape: [rows, cols], data: values }, [
      ...[int(4), ternary(), ternary()],
      ...[int(2), int(4), ternary()],
    ]);
    const given = { ...sae, stages: [{ ...sae.stages[0]!, dictionary: mixed }] };
    const { stages } = await roundToNearest(ops, given, { dictionary: ternary() });
    expect(stages[0]!.dictionary).toMatchObject({ kind: "codes", rows, quantizer: { id: "ternary" } });
  });
  it("leaks no tensors", async () => {
    const { ops } = await openBackend("cpu");
    const before = ops.memory().tensors;
    await roundToNearest(ops, sae, { encoder: int(4), dictionary: ternary() });
    expect(ops.memory().tensors).toBe(before);
  });
});
