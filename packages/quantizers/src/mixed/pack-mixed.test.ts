import { beforeAll, describe, expect, it } from "vitest";
import { assembleMixed, normals, openBackend, packMatrix, partsOf, type TensorOps } from "@qsae/core";
import {
  bitsPerWeight,
  decodePackedSae,
  dequantizeMatrix,
  encodePackedSae,
  UsageError,
  type FloatMatrix,
  type HostTensor,
  type PackedMatrix,
  type PackedSae,
} from "@qsae/runtime";
import { binary } from "../binary.ts";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { allocateBits } from "./allocate-bits.ts";
import { atomImportance } from "./atom-importance.ts";
import { packMixed } from "./pack-mixed.ts";
import { quantizerOfWidth } from "./widths.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const [dSae, dIn] = [200, 64];
const w: HostTensor = { shape: [dSae, dIn], data: normals(dSae * dIn, 0.1, 3) };
const float: FloatMatrix = { kind: "float32", rows: dSae, cols: dIn, values: w.data as Float32Array };
/** Mean squares over four orders of magnitude; every tenth latent is dead. */
const meanSquares = Float64Array.from({ length: dSae }, (_, j) =>
  j % 10 === 0 ? 0 : 10 ** (4 * ((j * 0.618) % 1) - 3),
);

function saeOf(dictionary: PackedMatrix): PackedSae {
  return {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec: false,
        encoder: float,
        bEnc: new Float32Array(dSae),
        selection: { kind: "topk", k: 4, relu: true },
        dictionary,
        bDec: new Float32Array(dIn),
        outputWeight: 1,
      },
    ],
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}

describe("packMixed", () => {
  it("quantizes every row as its quantizer alone would, together with its like; rows without are zero", async () => {
    const choice = [ternary(), undefined, int(4), ternary(), binary()];
    const perRow = Array.from({ length: dSae }, (_, j) => choice[j % choice.length]);
    const mixed = await packMixed(ops, w, perRow);
    expect(mixed.parts.map((part) => part.kind === "codes" && part.quantizer.id)).toEqual(["ternary", "int", "binary"]);
    const alone = new Map<string, Float32Array>();
    for (const quantizer of [ternary(), int(4), binary()]) {
      alone.set(quantizer.id, dequantizeMatrix(await packMatrix(ops, quantizer, w)));
    }
    const weights = dequantizeMatrix(mixed);
    for (const [j, quantizer] of perRow.entries()) {
      const expected = quantizer ? alone.get(quantizer.id)!.slice(j * dIn, (j + 1) * dIn) : new Float32Array(dIn);
      expect(weights.slice(j * dIn, (j + 1) * dIn)).toEqual(expected);
    }
  });

  it("is what assembleMixed makes of parts whose codes are known already", async () => {
    const perRow = Array.from({ length: dSae }, (_, j) => (j % 3 === 0 ? int(3) : undefined));
    const mixed = await packMixed(ops, w, perRow);
    expect(assembleMixed([dSae, dIn], partsOf(mixed))).toEqual(mixed);
  });

  it.each([1.3, 1.6, 2, 2.7, 4])(
    "at %s bits allocated: a file within the budget, better than every atom alike",
    async (budget) => {
      const importance = atomImportance(float, meanSquares);
      expect(importance[11]).toBeCloseTo(
        meanSquares[11]! * Array.from(w.data.subarray(11 * dIn, 12 * dIn)).reduce((sum, value) => sum + value ** 2, 0),
        12,
      );
      const bits = allocateBits(importance, { dIn, budget });
      const sae = saeOf(await packMixed(ops, w, Array.from(bits, quantizerOfWidth)));
      const { dictionary } = bitsPerWeight(decodePackedSae(encodePackedSae(sae), "x"));
      expect(dictionary).toBeLessThanOrEqual(budget + 1e-12);
      expect(dictionary).toBeGreaterThan(budget - 0.1);
      for (const quantizer of [binary(), ternary(), quantizerOfWidth(2)!, int(3), int(4)]) {
        const alike = saeOf(await packMatrix(ops, quantizer, w));
        if (bitsPerWeight(alike).dictionary > budget) continue;
        expect(errorOf(sae)).toBeLessThan(0.7 * errorOf(alike));
      }
    },
  );

  /** sum over atoms of E[z^2] |d - q|^2 */
  function errorOf({ stages }: PackedSae): number {
    const q = dequantizeMatrix(stages[0]!.dictionary);
    return q.reduce((sum, value, i) => sum + meanSquares[Math.floor(i / dIn)]! * (value - w.data[i]!) ** 2, 0);
  }

  it("names what is wrong", async () => {
    await expect(packMixed(ops, w, [ternary()])).rejects.toThrow("1 quantizers for 200 rows; give one per row");
    const bad = { shape: w.shape, data: (w.data as Float32Array).map((value, i) => (i === 7 * dIn + 3 ? NaN : value)) };
    const only7 = Array.from({ length: dSae }, (_, j) => (j === 7 ? ternary() : undefined));
    await expect(packMixed(ops, bad, only7)).rejects.toThrow(UsageError);
    await expect(packMixed(ops, bad, only7)).rejects.toThrow("row 7 holds NaN or Inf");
    expect(() => atomImportance(float, [1])).toThrow("1 mean squares for 200 atoms");
  });
});
