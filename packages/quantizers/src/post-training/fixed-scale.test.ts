import { beforeAll, describe, expect, it } from "vitest";
import { arraySource, openBackend, type Backend } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import { learnedStep } from "../estimators/learned-step.ts";
import { clippedStraightThrough } from "../estimators/clipped-straight-through.ts";
import { int } from "../int.ts";
import { shareScale } from "../share-scale.ts";
import { ternary } from "../ternary.ts";
import { twosComplement } from "../twos-complement.ts";
import { hasFixedScale } from "./fixed-scale.ts";
import { dIn, plantedSae, plantedTokens } from "./planted.fixture.ts";
import { perTensor } from "./problems.fixture.ts";
import { quantizeSae } from "./quantize-sae.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm", { threads: 1 });
  return () => backend.close();
});

describe("hasFixedScale", () => {
  it.each([
    ["twos-complement", twosComplement(4, 1.5), true],
    ["twos-complement, clipped", clippedStraightThrough(twosComplement(4, 1.5)), true],
    ["twos-complement that learns its step", learnedStep(twosComplement(4, 1.5)), false],
    ["int", int(4), false],
    ["int, clipped, in groups", clippedStraightThrough(shareScale(int(4), 8)), false],
    ["LSQ", learnedStep(int(4)), false],
    ["one scale for all", perTensor(), false],
  ] as const)("%s: %s", (_, quantizer, fixed) => {
    const before = backend.ops.memory().tensors;
    expect(hasFixedScale(backend.ops, quantizer, 16)).toBe(fixed);
    expect(backend.ops.memory().tensors).toBe(before);
  });
});

describe("the step of twos-complement", () => {
  const step = 0.6 / 2 ** 2;
  const quantizer = twosComplement(3, 0.6);
  const x = plantedTokens(400, 1);
  const stepsOf = ({ stages: [stage] }: PackedSae): number[] =>
    [stage!.encoder, stage!.dictionary].flatMap((matrix) =>
      matrix.kind === "codes" && matrix.quantizer.id === "twos-complement" ? [...matrix.planes[0]!.scale] : [],
    );

  it.each(["rtn", "gptq", "tune", "two-phase"] as const)("%s: stands on both sides", async (method) => {
    const options = { method, encoder: quantizer, dictionary: quantizer, source: arraySource(x, dIn), steps: 6 };
    const { sae } = await quantizeSae(backend, plantedSae(), options);
    const steps = stepsOf(sae);
    expect(steps).toHaveLength(2);
    for (const own of steps) expect(Math.abs(own / step - 1)).toBeLessThan(2 ** -11); // F16
  });

  it("stands beside scales that move", async () => {
    const options = { encoder: ternary(), dictionary: quantizer, source: arraySource(x, dIn), steps: 6 };
    const gptq = await quantizeSae(backend, plantedSae(), { method: "gptq", ...options });
    const tune = await quantizeSae(backend, plantedSae(), { method: "tune", ...options });
    expect(stepsOf(gptq.sae)).toEqual(stepsOf(tune.sae));
    expect(tune.sae.stages[0]!.encoder).not.toEqual(gptq.sae.stages[0]!.encoder);
  });
});
