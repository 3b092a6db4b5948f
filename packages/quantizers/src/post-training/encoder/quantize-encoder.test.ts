import { beforeAll, describe, expect, it } from "vitest";
import { NO_PART, type PackedSae } from "@qsae/runtime";
import { openBackend, supportOverlap, type Quantizer, type SupportOverlap, type TensorOps } from "@qsae/core";
import { int } from "../../int.ts";
import { ternary } from "../../ternary.ts";
import { twosComplement } from "../../twos-complement.ts";
import { dropDeadLatents } from "../../mixed/drop-dead-latents.ts";
import { encodeTokens } from "../calibration/encode-tokens.ts";
import {
  calibration,
  dIn,
  dSae,
  packedError,
  plantedSae,
  plantedSelections,
  plantedTokens,
} from "../planted.fixture.ts";
import { perTensor } from "../problems.fixture.ts";
import { roundToNearest } from "../round-to-nearest.ts";
import { droppedRows, packWorkingSae, workingSae, type WorkingSae } from "../working-sae.ts";
import { quantizeEncoder } from "./quantize-encoder.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const tokens = calibration(plantedTokens(1000, 1));
const heldOut = plantedTokens(500, 2);

async function overlapOf(a: WorkingSae, b: WorkingSae): Promise<SupportOverlap> {
  const of = calibration(heldOut);
  return supportOverlap(await encodeTokens(ops, a, of), await encodeTokens(ops, b, of));
}

async function quantized(sae: PackedSae, quantizer: Quantizer) {
  const before = ops.memory().tensors;
  const working = await quantizeEncoder(ops, workingSae(sae), quantizer, tokens);
  expect(ops.memory().tensors).toBe(before);
  const rounded = await roundToNearest(ops, sae, { encoder: quantizer });
  return {
    working,
    packed: await packWorkingSae(ops, working),
    rounded,
    overlap: (await overlapOf(workingSae(sae), working)).overlap,
    roundedOverlap: (await overlapOf(workingSae(sae), workingSae(rounded))).overlap,
  };
}

describe("quantizeEncoder", () => {
  for (const [name, selection] of plantedSelections) {
    it.each([true, false])(
      `${name}: less error and other latents than by rounding (b_dec subtracted: %s)`,
      async (subtractBDec) => {
        const sae = plantedSae({ selection, subtractBDec });
        const { packed, rounded, overlap, roundedOverlap } = await quantized(sae, ternary());
        expect(packedError(packed, heldOut)).toBeLessThan(0.9 * packedError(rounded, heldOut));
        expect(overlap).toBeGreaterThan(roundedOverlap);
        expect(packed.stages[0]!.dictionary).toEqual(sae.stages[0]!.dictionary);
        expect(packed.stages[0]!.encoder).toMatchObject({ kind: "codes", quantizer: { id: "ternary" } });
      },
    );
  }

  it("moves the bias of a gate's magnitudes with b_enc, which they do without", async () => {
    const sae = plantedSae({ selection: plantedSelections.find(([, { kind }]) => kind === "gate")![1] });
    const { working, packed } = await quantized(sae, ternary());
    const [stage] = sae.stages as [PackedSae["stages"][0]];
    if (working.selection.kind !== "gate" || stage.selection.kind !== "gate") throw new Error("no gate");
    for (const [j, bias] of working.selection.magBias.entries()) {
      const shift = working.bEnc[j]! - stage.bEnc[j]!;
      expect(bias - stage.selection.magBias[j]!).toBeCloseTo(stage.selection.magScale[j]! * shift, 5);
    }
    const unmoved = { ...packed, stages: [{ ...packed.stages[0]!, selection: stage.selection }] };
    expect(packedError(packed, heldOut)).toBeLessThan(packedError(unmoved, heldOut));
  });

  it.each([
    ["one scale for all", perTensor(), true],
    ["a step of its own", twosComplement(3, 0.6), true],
    ["a scale per latent", int(3), false],
  ] as const)("%s: gains go into scales, or nowhere (%#)", async (_, quantizer, stands) => {
    const sae = plantedSae();
    const { working, packed, rounded, overlap, roundedOverlap } = await quantized(sae, quantizer);
    const scalesOf = ({ stages: [stage] }: PackedSae): Float32Array => {
      if (stage!.encoder.kind !== "codes") throw new Error("not codes");
      return stage!.encoder.planes[0]!.scale;
    };
    if (stands) expect(scalesOf(packed)).toEqual(scalesOf(rounded));
    else expect(scalesOf(packed)).not.toEqual(scalesOf(rounded));
    expect(overlap).toBeGreaterThan(roundedOverlap);
    expect(packedError(packed, heldOut)).toBeLessThan(packedError(rounded, heldOut));
    expect(working.bEnc).not.toEqual(sae.stages[0]!.bEnc);
  });

  it("leaves out the rows that the encoder leaves out", async () => {
    const dropped = [0, 7, 23];
    for (const quantizer of [ternary(), perTensor()]) {
      const sae = dropDeadLatents(plantedSae(), dropped);
      const { working, packed } = await quantized(sae, quantizer);
      expect([...droppedRows(working.encoder)]).toEqual(dropped);
      const { encoder } = packed.stages[0]!;
      if (encoder.kind !== "mixed") throw new Error("not mixed");
      expect([...encoder.partOfRow.keys()].filter((j) => encoder.partOfRow[j] === NO_PART)).toEqual(dropped);
      expect(encoder.parts).toMatchObject([{ kind: "codes", rows: dSae - 3, cols: dIn }]);
      for (const j of dropped) expect(working.bEnc[j]).toBe(sae.stages[0]!.bEnc[j]);
    }
  });
});
