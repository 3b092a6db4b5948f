import { beforeAll, describe, expect, it } from "vitest";
import {
  decodePackedSae,
  dequantizeMatrix,
  encodePackedSae,
  loadSae,
  UsageError,
  type Latents,
  type PackedSae,
} from "@qsae/runtime";
import { fakeQuantize, normals, openBackend, type Quantizer, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { int } from "../int.ts";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { ternary } from "../ternary.ts";
import { latentCodes } from "./calibration/latent-codes.ts";
import { gptq } from "./gptq.ts";
import { withBDec } from "./keep-encoder.ts";
import { floatSae, halves, perTensor, selections, stack } from "./problems.fixture.ts";
import { roundToNearest } from "./round-to-nearest.ts";
import type { RowQuantizers } from "./row-quantizers.ts";
import {
  droppedRows,
  packWorkingSae,
  weightsOf,
  workingSae,
  type WorkingMatrix,
  type WorkingSae,
} from "./working-sae.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});
const [dIn, dSae] = [16, 24];

/** Codes of w as post-training makes them, with nothing known of the latents. */
async function coded(w: Float32Array, quantizer: RowQuantizers): Promise<WorkingMatrix> {
  const codes = latentCodes(loadSae(floatSae()).encode(normals(200 * dIn, 1, 3)));
  return { kind: "codes", rows: await gptq(ops, { w, dIn, codes, quantizer }) };
}

const kinds: readonly (readonly [string, (w: Float32Array) => WorkingMatrix | Promise<WorkingMatrix>])[] = [
  ["float", (rows) => ({ kind: "float", rows })],
  ...[binary(), ternary(), int(3), centeredInt(2), perTensor(), halves(), stack()].map(
    (quantizer) => [`codes of ${quantizer.id}`, (w: Float32Array) => coded(w, quantizer)] as const,
  ),
  ["codes of several quantizers", (w) => coded(w, (j) => [ternary(), int(4), binary()][j % 3])],
  ["codes with dropped rows", (w) => coded(w, (j) => (j % 4 ? ternary() : undefined))],
  ...[ternary(), int(4), centeredInt(3)].map(
    (quantizer) =>
      [
        `trained codes of ${quantizer.id}`,
        (rows: Float32Array): WorkingMatrix => ({
          kind: "trained-codes",
          rows,
          quantizer,
          scale: { shape: [dSae, 1], data: normals(dSae, 0.1, 5).map((s) => 0.1 + Math.abs(s)) },
        }),
      ] as const,
  ),
];

describe("packWorkingSae", () => {
  it.each(kinds)("%s: the file holds the weights that weightsOf says, up to F16 scales", async (_, matrixOf) => {
    const float = workingSae(floatSae());
    const rows = (float.dictionary as { rows: Float32Array }).rows;
    const matrix = await matrixOf(rows);
    const sae: WorkingSae = { ...float, encoder: matrix, dictionary: matrix };
    const before = ops.memory().tensors;
    const weights = await weightsOf(ops, sae, matrix);
    const packed = decodePackedSae(encodePackedSae(await packWorkingSae(ops, sae)), "packed");
    expect(ops.memory().tensors).toBe(before);
    const { encoder, dictionary } = packed.stages[0]!;
    expect(dequantizeMatrix(encoder)).toEqual(dequantizeMatrix(dictionary));
    const largest = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    dequantizeMatrix(dictionary).forEach((value, i) => {
      expect(Math.abs(value - weights[i]!)).toBeLessThanOrEqual(2 ** -10 * largest);
    });
  });

  it("changes nothing of an SAE that nothing was done to, whatever it is wrapped in", async () => {
    for (const [, selection] of selections(dSae)) {
      const sae = floatSae({ selection, wrapped: true, subtractBDec: false });
      expect(await packWorkingSae(ops, workingSae(sae))).toEqual(sae);
    }
  });

  it("packs trained codes as fake-quantization computes them", async () => {
    const quantizer = int(3);
    const w = normals(dSae * dIn, 1, 4);
    const scale = normals(dSae, 0.1, 5).map((s) => Math.fround(0.25 + Math.round(s * 64) / 64)); // survive F16
    const matrix: WorkingMatrix = {
      kind: "trained-codes",
      rows: w,
      quantizer,
      scale: { shape: [dSae, 1], data: scale },
    };
    const fake = ops.tidy(() =>
      fakeQuantize(ops, quantizer, ops.tensor(w, [dSae, dIn]), { scale: ops.tensor(scale, [dSae, 1]) }),
    );
    const expected = (await ops.read(fake)).data;
    ops.dispose(fake);
    const sae = { ...workingSae(floatSae()), dictionary: matrix };
    expect(await weightsOf(ops, sae, matrix)).toEqual(expected);
    expect(dequantizeMatrix((await packWorkingSae(ops, sae)).stages[0]!.dictionary)).toEqual(expected);
  });
});

describe("workingSae", () => {
  it("keeps what is quantized already, mixed or not, bit for bit", async () => {
    const rounded = await roundToNearest(ops, floatSae(), { dictionary: ternary() });
    await expectKept(rounded);
    const working = workingSae(floatSae());
    const mixed = await coded((working.dictionary as { rows: Float32Array }).rows, (j) => (j % 2 ? int(4) : undefined));
    const packed = await packWorkingSae(ops, { ...working, dictionary: mixed });
    expect(packed.stages[0]!.dictionary.kind).toBe("mixed");
    await expectKept(packed);
    expect([...droppedRows(workingSae(packed).dictionary)]).toEqual(Array.from({ length: dSae / 2 }, (_, i) => 2 * i));
    // a float matrix cannot be told from codes by who left rows out of it
    const dropped = dropDeadLatents(packed, [1]);
    await expectKept(dropped);
    expect(droppedRows(workingSae(dropped).dictionary).has(1)).toBe(true);
  });

  async function expectKept(sae: PackedSae): Promise<void> {
    const working = workingSae(sae);
    expect(await packWorkingSae(ops, working)).toEqual(sae);
    for (const side of ["encoder", "dictionary"] as const) {
      expect(await weightsOf(ops, working, working[side])).toEqual(dequantizeMatrix(sae.stages[0]![side]));
    }
  }

  it("keeps rows that are left out left out, of float weights and of codes that train", async () => {
    const dropped = [0, 5, 23];
    const sae = dropDeadLatents(floatSae(), dropped);
    await expectKept(sae);
    const working = workingSae(sae);
    const rows = (working.encoder as { rows: Float32Array }).rows;
    const scale = { shape: [dSae, 1], data: new Float32Array(dSae).fill(0.25) };
    const trained: WorkingMatrix = { kind: "trained-codes", rows, quantizer: int(3), scale, dropped: new Set(dropped) };
    for (const matrix of [working.encoder, working.dictionary, trained]) {
      expect([...droppedRows(matrix)]).toEqual(dropped);
      const weights = await weightsOf(ops, working, matrix);
      for (const j of dropped) expect(weights.subarray(j * dIn, (j + 1) * dIn)).toEqual(new Float32Array(dIn));
    }
    const { encoder } = (await packWorkingSae(ops, { ...working, encoder: trained })).stages[0]!;
    expect(encoder).toMatchObject({ kind: "mixed", parts: [{ kind: "codes", rows: dSae - 3 }] });
    expect(dequantizeMatrix(encoder)).toEqual(await weightsOf(ops, working, trained));
  });

  it("refuses several stages and weighted outputs", () => {
    const sae = floatSae();
    const [stage] = sae.stages as [PackedSae["stages"][0]];
    expect(() => workingSae({ ...sae, stages: [stage, stage] })).toThrow(UsageError);
    expect(() => workingSae({ ...sae, stages: [stage, stage] })).toThrow("this SAE has 2 stages");
    expect(() => workingSae({ ...sae, stages: [{ ...stage, outputWeight: 0.5 }] })).toThrow("has the weight 0.5");
  });

  it("cannot pack a matrix all of whose rows are dropped", async () => {
    const rows = new Array<undefined>(dSae).fill(undefined);
    const sae: WorkingSae = { ...workingSae(floatSae()), dictionary: { kind: "codes", rows } };
    await expect(packWorkingSae(ops, sae)).rejects.toThrow("all 24 rows are dropped; keep at least one");
  });
});

describe("withBDec", () => {
  const x = normals(200 * dIn, 1, 8);
  const moved = normals(dIn, 1, 9);
  const latentsOf = async (sae: WorkingSae): Promise<Latents> => loadSae(await packWorkingSae(ops, sae)).encode(x);

  for (const [name, selection] of selections(dSae)) {
    it.each([true, false])(`${name}: the latents stay (b_dec subtracted: %s)`, async (subtractBDec) => {
      const sae = workingSae(floatSae({ selection, subtractBDec }));
      const other = await withBDec(ops, sae, moved);
      expect(other.bDec).toEqual(moved);
      const [before, after] = [await latentsOf(sae), await latentsOf(other)];
      expect(after.indices).toEqual(before.indices);
      for (const [i, value] of before.values.entries()) expect(after.values[i]).toBeCloseTo(value, 3);
    });
  }

  it("goes by the quantized encoder, where that is quantized", async () => {
    const sae = workingSae(floatSae());
    const quantizer: Quantizer = ternary();
    const encoder = await coded((sae.encoder as { rows: Float32Array }).rows, quantizer);
    const quantized = { ...sae, encoder };
    const other = await withBDec(ops, quantized, moved);
    const [before, after] = [await latentsOf(quantized), await latentsOf(other)];
    const same = before.values.filter((value, i) => Math.abs(value - after.values[i]!) < 0.01).length;
    expect(after.offsets).toEqual(before.offsets);
    expect(same).toBeGreaterThan(0.98 * before.values.length); // scales are F16 in the file
  });
});
