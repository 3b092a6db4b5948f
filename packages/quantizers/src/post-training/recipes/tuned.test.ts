import { beforeAll, describe, expect, it } from "vitest";
import { arraySource, openBackend, type Backend, type StepEvent } from "@qsae/core";
import { centeredInt } from "../../centered-int.ts";
import { int } from "../../int.ts";
import { ternary } from "../../ternary.ts";
import { unpackCodes, type PackedMatrix, type PackedSae } from "@qsae/runtime";
import {
  calibration,
  dIn,
  dSae,
  packedError,
  plantedSae,
  plantedSelections,
  plantedTokens,
} from "../planted.fixture.ts";
import { perTensor, thresholded } from "../problems.fixture.ts";
import { packWorkingSae, workingSae, type WorkingSae } from "../working-sae.ts";
import { calibrated } from "./calibrated.ts";
import { tuned, twoPhase, type TrainedRecipe } from "./tuned.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm", { threads: 1 });
  return () => backend.close();
});

const x = plantedTokens(500, 1);
const tokens = calibration(x);
const recipe: TrainedRecipe = { source: arraySource(x, dIn), tokens, seed: 0, steps: 45, batchSize: 128 };
const packedOf = (sae: WorkingSae): Promise<PackedSae> => packWorkingSae(backend.ops, sae);

function codesOf(matrix: PackedMatrix): readonly (readonly number[])[] {
  if (matrix.kind !== "codes") throw new Error(`${matrix.kind}, not codes`);
  return matrix.planes.map(({ packed }) => [...unpackCodes(packed, matrix.rows, matrix.cols, matrix.codes)]);
}

/** Steps that were done in each of its training runs. */
function runsOf() {
  const runs: number[] = [];
  const onStep = ({ step }: StepEvent): void => {
    if (step === 1) runs.push(0);
    runs[runs.length - 1] = step;
  };
  return { runs, reporters: [{ onStep }] };
}

describe("tuned", () => {
  it("leaves the codes of a fine grid as calibration made them, trains all else, in one go", async () => {
    const sides = { encoder: int(4), dictionary: centeredInt(3) };
    const start = await packedOf(await calibrated(backend.ops, workingSae(plantedSae()), sides, tokens));
    const { runs, reporters } = runsOf();
    const before = backend.ops.memory().tensors;
    const end = await packedOf(await tuned(backend, workingSae(plantedSae()), sides, { ...recipe, reporters }));
    expect(backend.ops.memory().tensors).toBe(before);
    expect(runs).toEqual([45]);
    const [a, b] = [start.stages[0]!, end.stages[0]!];
    expect(codesOf(b.encoder)).toEqual(codesOf(a.encoder));
    expect(codesOf(b.dictionary)).toEqual(codesOf(a.dictionary));
    expect([b.bEnc, b.bDec, b.encoder, b.dictionary]).not.toEqual([a.bEnc, a.bDec, a.encoder, a.dictionary]);
    expect(packedError(end, x)).toBeLessThan(packedError(start, x));
  });

  it("moves the dictionary's codes between three rounds where the grid has four levels or fewer", async () => {
    const sides = { encoder: ternary(), dictionary: ternary() };
    const start = await packedOf(await calibrated(backend.ops, workingSae(plantedSae()), sides, tokens));
    const { runs, reporters } = runsOf();
    const end = await packedOf(await tuned(backend, workingSae(plantedSae()), sides, { ...recipe, reporters }));
    expect(runs).toEqual([15, 15, 15]);
    expect(codesOf(end.stages[0]!.encoder)).toEqual(codesOf(start.stages[0]!.encoder));
    expect(codesOf(end.stages[0]!.dictionary)).not.toEqual(codesOf(start.stages[0]!.dictionary));
    expect(packedError(end, x)).toBeLessThan(packedError(start, x));
  });

  it.each([1, 2, 4])("shares %s steps among the rounds", async (steps) => {
    const { runs, reporters } = runsOf();
    await tuned(backend, workingSae(plantedSae()), { dictionary: ternary() }, { ...recipe, steps, reporters });
    expect(runs).toHaveLength(Math.min(3, steps));
    expect(runs.reduce((sum, own) => sum + own)).toBe(steps);
  });

  it("trains a float encoder, and quantizes that alone where asked", async () => {
    for (const sides of [{ dictionary: int(3) }, { encoder: int(3) }]) {
      const start = await packedOf(await calibrated(backend.ops, workingSae(plantedSae()), sides, tokens));
      const end = await packedOf(await tuned(backend, workingSae(plantedSae()), sides, recipe));
      expect(packedError(end, x)).toBeLessThan(packedError(start, x));
      const kinds = [end.stages[0]!.encoder.kind, end.stages[0]!.dictionary.kind];
      expect(kinds).toEqual("encoder" in sides ? ["codes", "float32"] : ["float32", "codes"]);
    }
  });

  it("works from fewer tokens than a batch", async () => {
    const few = arraySource(x.subarray(0, 30 * dIn), dIn);
    const options = { ...recipe, source: few, tokens: calibration(x.subarray(0, 30 * dIn)), steps: 3 };
    await expect(tuned(backend, workingSae(plantedSae()), { dictionary: ternary() }, options)).resolves.toMatchObject({
      dSae,
    });
  });
});

describe("twoPhase", () => {
  for (const [name, selection] of plantedSelections) {
    it(`${name}: codes on both sides, with less error than calibration alone leaves`, async () => {
      const sae = workingSae(plantedSae({ selection }));
      const sides = { encoder: ternary(), dictionary: ternary() };
      const { runs, reporters } = runsOf();
      const before = backend.ops.memory().tensors;
      const end = await packedOf(await twoPhase(backend, sae, sides, { ...recipe, steps: 90, reporters }));
      expect(backend.ops.memory().tensors).toBe(before);
      expect(runs).toEqual([32, 19, 19, 20]);
      expect(codesOf(end.stages[0]!.encoder)).toHaveLength(1);
      expect(codesOf(end.stages[0]!.dictionary)).toHaveLength(1);
      const start = await packedOf(await calibrated(backend.ops, sae, sides, tokens));
      // no gradient reaches an encoder whose latents are only on or off
      if (selection.kind !== "sign") expect(packedError(end, x)).toBeLessThan(packedError(start, x));
    });
  }

  it.each([
    ["thresholds beside the scale", thresholded()],
    ["one scale for all", perTensor()],
    ["groups", int(2, { per: 8 })],
  ])("trains through a grid with %s", async (_, quantizer) => {
    const sae = workingSae(plantedSae());
    const sides = { encoder: quantizer, dictionary: quantizer };
    const end = await packedOf(await twoPhase(backend, sae, sides, recipe));
    const { encoder, dictionary } = end.stages[0]!;
    expect([encoder, dictionary]).toMatchObject([
      { kind: "codes", quantizer: { id: quantizer.id } },
      { kind: "codes", quantizer: { id: quantizer.id } },
    ]);
    expect(packedError(end, x)).toBeLessThan(0.25);
  });
});
