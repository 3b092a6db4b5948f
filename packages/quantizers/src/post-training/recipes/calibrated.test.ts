import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type TensorOps } from "@qsae/core";
import { binary } from "../../binary.ts";
import { centeredInt } from "../../centered-int.ts";
import { int } from "../../int.ts";
import { residual } from "../../residual.ts";
import { ternary } from "../../ternary.ts";
import { calibration, packedError, plantedSae, plantedSelections, plantedTokens } from "../planted.fixture.ts";
import { halves, perTensor, thresholded } from "../problems.fixture.ts";
import { roundToNearest } from "../round-to-nearest.ts";
import { packWorkingSae, workingSae } from "../working-sae.ts";
import { calibrated, calibratedDictionary } from "./calibrated.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const tokens = calibration(plantedTokens(400, 1));
const heldOut = plantedTokens(400, 2);

describe("calibrated", () => {
  for (const [name, selection] of plantedSelections) {
    it(`${name}: less held-out error than by rounding`, async () => {
      const sae = plantedSae({ selection });
      const before = ops.memory().tensors;
      for (const sides of [{ dictionary: ternary() }, { encoder: ternary(), dictionary: ternary() }]) {
        const packed = await packWorkingSae(ops, await calibrated(ops, workingSae(sae), sides, tokens));
        const rounded = await roundToNearest(ops, sae, sides);
        expect(packedError(packed, heldOut)).toBeLessThan(packedError(rounded, heldOut));
      }
      expect(ops.memory().tensors).toBe(before);
    });
  }

  const quantizers = [
    binary(),
    int(3),
    centeredInt(2),
    int(3, { per: 16 }),
    int(3, { per: "tensor" }),
    residual(ternary(), 2),
    perTensor(),
    halves(),
    thresholded(),
  ];
  it.each(quantizers.map((quantizer) => [`${quantizer.id} ${JSON.stringify(quantizer.options)}`, quantizer] as const))(
    "%s: less held-out error than by rounding",
    async (_, quantizer) => {
      const sae = plantedSae();
      const sides = { encoder: quantizer, dictionary: quantizer };
      const packed = await packWorkingSae(ops, await calibrated(ops, workingSae(sae), sides, tokens));
      expect(packedError(packed, heldOut)).toBeLessThan(packedError(await roundToNearest(ops, sae, sides), heldOut));
    },
  );

  it("quantizes the dictionary for the latents that the quantized encoder gives", async () => {
    const sae = plantedSae();
    const encoded = await calibrated(ops, workingSae(sae), { encoder: ternary() }, tokens);
    const both = await calibrated(ops, workingSae(sae), { encoder: ternary(), dictionary: int(4) }, tokens);
    expect(await packWorkingSae(ops, both)).toEqual(
      await packWorkingSae(ops, await calibratedDictionary(ops, encoded, int(4), tokens)),
    );
    const apart = await calibratedDictionary(ops, workingSae(sae), int(4), tokens);
    const pasted = await packWorkingSae(ops, { ...encoded, dictionary: apart.dictionary, bDec: sae.stages[0]!.bDec });
    expect(packedError(await packWorkingSae(ops, both), heldOut)).toBeLessThan(packedError(pasted, heldOut));
  });

  it("leaves the side alone that it is not given", async () => {
    const sae = plantedSae({ subtractBDec: false });
    const dictionary = await packWorkingSae(
      ops,
      await calibrated(ops, workingSae(sae), { dictionary: int(4) }, tokens),
    );
    const [stage] = dictionary.stages;
    expect({ ...stage, dictionary: undefined, bDec: undefined }).toEqual({
      ...sae.stages[0],
      dictionary: undefined,
      bDec: undefined,
    });
    expect(await calibrated(ops, workingSae(sae), {}, tokens)).toEqual(workingSae(sae));
  });
});
