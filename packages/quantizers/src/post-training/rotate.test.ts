import { describe, expect, it } from "vitest";
import { dequantizeMatrix, loadSae, NO_PART, UsageError, type PackedSae } from "@qsae/runtime";
import { normals, openBackend } from "@qsae/core";
import { int } from "../int.ts";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { floatSae, selections } from "./problems.fixture.ts";
import { rotateSae } from "./rotate.ts";
import { roundToNearest } from "./round-to-nearest.ts";

const [dIn, dSae] = [16, 24];
const x = normals(100 * dIn, 1, 1);
const skip = normals(dIn * dIn, 0.2, 2);

function expectSame(a: PackedSae, b: PackedSae): void {
  const [one, other] = [loadSae(a), loadSae(b)];
  const [latents, otherLatents] = [one.encode(x), other.encode(x)];
  expect(otherLatents.offsets).toEqual(latents.offsets);
  expect(otherLatents.indices).toEqual(latents.indices);
  latents.values.forEach((value, i) => {
    expect(Math.abs(value - otherLatents.values[i]!)).toBeLessThan(1e-5);
  });
  const otherReconstruction = other.reconstruct(x);
  one.reconstruct(x).forEach((value, i) => {
    expect(Math.abs(value - otherReconstruction[i]!)).toBeLessThan(1e-4);
  });
}

describe("rotateSae", () => {
  for (const [name, selection] of selections(dSae)) {
    it.each([true, false])(`${name}: the same latents and reconstructions (b_dec subtracted: %s)`, (subtractBDec) => {
      const sae = floatSae({ selection, subtractBDec });
      const rotated = rotateSae(sae, 3);
      expect(rotated.rotation).toMatchObject({ kind: "hadamard" });
      expectSame(sae, rotated);
    });
  }

  it("takes skip connections, scaled inputs and several stages along", () => {
    const [stage] = floatSae().stages as [PackedSae["stages"][0]];
    const second = { ...stage, input: { kind: "residual", factor: 2 }, outputWeight: 0.5 } as const;
    for (const sae of [
      { ...floatSae(), skip },
      { ...floatSae(), inputScale: 0.3 },
      { ...floatSae(), stages: [stage, second] },
      { ...floatSae(), skip, inputScale: 3, stages: [stage, second] },
    ]) {
      expectSame(sae, rotateSae(sae, 4));
    }
  });

  it("leaves out the rows that are left out, and makes codes float", async () => {
    const { ops } = await openBackend("cpu");
    const dropped = dropDeadLatents(floatSae(), [2, 9]);
    for (const sae of [dropped, await roundToNearest(ops, dropped, { encoder: int(4), dictionary: int(4) })]) {
      const rotated = rotateSae(sae, 5);
      expectSame(sae, rotated);
      for (const side of ["encoder", "dictionary"] as const) {
        const matrix = rotated.stages[0]![side];
        if (matrix.kind !== "mixed") throw new Error("not mixed");
        expect([...matrix.partOfRow.keys()].filter((j) => matrix.partOfRow[j] === NO_PART)).toEqual([2, 9]);
        expect(matrix.parts).toMatchObject([{ kind: "float32", rows: dSae - 2 }]);
      }
    }
  });

  it("keeps lengths, differs from seed to seed and is the same for one", () => {
    const sae = floatSae();
    const norm = (of: PackedSae): number => Math.hypot(...dequantizeMatrix(of.stages[0]!.dictionary));
    expect(norm(rotateSae(sae, 1))).toBeCloseTo(norm(sae), 4);
    expect(rotateSae(sae, 1)).toEqual(rotateSae(sae, 1));
    expect(rotateSae(sae, 1).rotation).not.toEqual(rotateSae(sae, 2).rotation);
  });

  it("refuses widths that no Hadamard matrix has, and SAEs that are rotated already", () => {
    expect(() => rotateSae(floatSae({ dIn: 12 }), 0)).toThrow(UsageError);
    expect(() => rotateSae(floatSae({ dIn: 12 }), 0)).toThrow("d_in=12 is not a power of two");
    expect(() => rotateSae(rotateSae(floatSae(), 0), 0)).toThrow("rotated already");
  });

  it("makes rounding better where few dimensions dominate, and no other than before where none do", async () => {
    const { ops } = await openBackend("cpu");
    const shaped = (size: (d: number) => number): PackedSae => {
      const sae = floatSae();
      const [stage] = sae.stages as [PackedSae["stages"][0]];
      const values = dequantizeMatrix(stage.dictionary).map((value, at) => value * size(at % dIn));
      return { ...sae, stages: [{ ...stage, dictionary: { kind: "float32", rows: dSae, cols: dIn, values } }] };
    };
    const errorOf = async (sae: PackedSae): Promise<number> => {
      const rounded = await roundToNearest(ops, sae, { dictionary: int(3) });
      const [w, q] = [sae, rounded].map(({ stages: [stage] }) => dequantizeMatrix(stage!.dictionary));
      return w!.reduce((sum, value, i) => sum + (value - q![i]!) ** 2, 0);
    };
    const outliers = shaped((d) => (d === 3 ? 12 : 1));
    expect(await errorOf(rotateSae(outliers, 1))).toBeLessThan(0.7 * (await errorOf(outliers)));
    const even = shaped(() => 1);
    expect((await errorOf(rotateSae(even, 1))) / (await errorOf(even))).toBeCloseTo(1, 0);
  });
});
