/** The evaluation against the runtime's own SAE, and the report's input made from it. */
import { arraySource, normals, pairedSource } from "@qsae/core";
import {
  bitsPerWeight,
  encodePackedSae,
  loadSae,
  NonFiniteError,
  sizeByLevel,
  UsageError,
  type PackedSae,
} from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { evaluateSae } from "./evaluate.ts";
import { evaluationSummary, levelMetrics, standardMetrics } from "./evaluation-summary.ts";
import { fvuByLevel } from "./metrics/fvu-by-level.ts";
import { renderReport } from "./report/render-report.ts";
import { reportSae } from "./report/report-sae.ts";
import { codeMatrix, floatMatrix, packedSae } from "./weights/packed.fixture.ts";

const identity = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];
const float = floatMatrix(identity);
const ternary = codeMatrix(identity, [1, 1, 0.5, 0.5]);
/** Latents are the positive and negative parts of x, so this one is the identity. */
const exact = packedSae([float, float]);
const halved = packedSae([float, ternary]);
const data = arraySource(Float32Array.of(1, 2, -2, 4, 3, -4, 0, 0), 2, { file: "toy" });

function weightOf(sae: PackedSae, level: number): { readonly bits_per_weight: number; readonly bytes: number } {
  const { bitsPerWeight: bits, bytes } = sizeByLevel(sae)[level]!;
  return { bits_per_weight: bits, bytes };
}

describe("evaluateSae with a packed SAE", () => {
  it("finds a perfect SAE perfect", async () => {
    const evaluation = await evaluateSae(loadSae(exact), data, { metrics: standardMetrics() });
    expect(evaluation.metrics).toMatchObject({ fvu: 0, mse: 0, l0: { mean: 1.5 }, density: { dead: 0, tokens: 4 } });
  });

  it("measures the weights as they are stored", async () => {
    // negative parts come back halved: residual 1 + 4; mean [0.5, 0.5], total 14 - 1 + 36 - 1
    const { metrics } = await evaluateSae(loadSae(encodePackedSae(halved)), data, { metrics: standardMetrics() });
    expect(metrics.fvu).toBeCloseTo(5 / 48, 14);
  });

  it("measures every level of a stack of two stages, the last like the whole", async () => {
    const stack = packedSae([float, ternary], [float, float]);
    const sae = loadSae(encodePackedSae(stack));
    const evaluation = await evaluateSae(sae, data, { metrics: { ...standardMetrics(), ...levelMetrics(sae) } });
    const {
      by_level: levels,
      fvu,
      l0,
    } = evaluationSummary(evaluation, {
      ...{ dIn: 2, dSae: 8 },
      byLevel: sizeByLevel(stack),
    });
    expect(fvu).toBe(0);
    expect(levels).toEqual([
      // the residual of what came back halved fires twice: -2 and -4 of 4 tokens
      { levels: 1, latents: 4, fvu: expect.closeTo(5 / 48, 14) as number, l0: 1.5, ...weightOf(stack, 0) },
      { levels: 2, latents: 8, fvu: 0, l0: 2, ...weightOf(stack, 1) },
    ]);
    expect(l0).toBe(2);
  });

  it("measures every nested prefix of one stage, the last like the whole", async () => {
    const nested = { ...exact, stages: exact.stages.map((stage) => ({ ...stage, prefixEnds: [1, 2, 4] })) };
    const sae = loadSae(encodePackedSae(nested));
    const evaluation = await evaluateSae(sae, data, { metrics: { ...standardMetrics(), ...levelMetrics(sae) } });
    const report = reportSae({ name: "nested", packed: nested, evaluation });
    // without negative parts -2 and -4 are lost, without the second latent also 2 and 4
    expect(report.summary!.by_level).toEqual([
      { levels: 1, latents: 1, fvu: (4 + 16 + 4 + 16) / 48, l0: 0.5, ...weightOf(nested, 0) },
      { levels: 2, latents: 2, fvu: (4 + 16) / 48, l0: 1, ...weightOf(nested, 1) },
      { levels: 3, latents: 4, fvu: 0, l0: 1.5, ...weightOf(nested, 2) },
    ]);
    expect(renderReport({ title: "t", createdAt: new Date(), saes: [report] })).toContain("the first 2");
  });

  it("has no rows for levels where there is only one", async () => {
    const sae = loadSae(exact);
    const evaluation = await evaluateSae(sae, data, { metrics: { ...standardMetrics(), ...levelMetrics(sae) } });
    expect(reportSae({ name: "plain", packed: exact, evaluation }).summary).not.toHaveProperty("by_level");
  });

  it("measures a transcoder on pairs: what it makes of x against the target", async () => {
    const x = Float32Array.of(1, 2, -2, 4, 3, -4, 0, 0);
    const swapped = Float32Array.of(2, 1, 4, -2, -4, 3, 0, 0);
    const swap = loadSae({
      ...exact,
      stages: exact.stages.map((stage) => ({
        ...stage,
        dictionary: floatMatrix([
          [0, 1],
          [1, 0],
          [0, -1],
          [-1, 0],
        ]),
      })),
    });
    const pairs = pairedSource(arraySource(x, 2), arraySource(swapped, 2));
    const metrics = () => ({ ...standardMetrics(), byLevel: fvuByLevel(swap) });
    const evaluation = await evaluateSae(swap, pairs, { metrics: metrics(), batchSize: 3 });
    expect(evaluation.metrics).toMatchObject({ fvu: 0, mse: 0, byLevel: [0], l0: { mean: 1.5 } });
    // without the target the same SAE is measured on x, and is wrong
    expect((await evaluateSae(swap, data, { metrics: metrics() })).metrics.fvu).toBeGreaterThan(0.5);
  });

  it("gives skip connections x, and measures them against the target", async () => {
    const values = new Float32Array(4);
    const silent = { kind: "float32", rows: 2, cols: 2, values } as const;
    const skip = loadSae({ ...packedSae([silent, silent]), skip: Float32Array.of(0, 1, 1, 0) });
    const pairs = pairedSource(
      arraySource(Float32Array.of(1, 2, 3, 5), 2),
      arraySource(Float32Array.of(2, 1, 5, 3), 2),
    );
    const { metrics } = await evaluateSae(skip, pairs, {
      metrics: { ...standardMetrics(), byLevel: fvuByLevel(skip) },
    });
    expect(metrics).toMatchObject({ fvu: 0, byLevel: [0], l0: { mean: 0 } });
  });

  it("does not depend on the batch size", async () => {
    const source = arraySource(normals(2 * 501, 1, 7), 2);
    const at = async (batchSize: number) =>
      (await evaluateSae(loadSae(halved), source, { metrics: standardMetrics(), batchSize })).metrics;
    const [one, all] = [await at(1), await at(4096)];
    expect(one.fvu).toBeCloseTo(all.fvu, 13);
    expect(one.l0).toEqual(all.l0);
    expect(one.density).toEqual(all.density);
  });

  it("says at which row of the data the batch begins whose scores overflow", async () => {
    const huge = packedSae([floatMatrix(identity.map((row) => row.map((value) => value * 3e38))), float]);
    const source = arraySource(Float32Array.of(0, 0, 0, 0, 2, 0), 2);
    const evaluation = evaluateSae(loadSae(huge), source, { metrics: {}, batchSize: 2 });
    await expect(evaluation).rejects.toThrow(NonFiniteError);
    await expect(evaluation).rejects.toThrow("begins at row 2 of the data");
  });
});

describe("reportSae", () => {
  it("collects what a packed SAE, its evaluation and its float reference say", async () => {
    const evaluation = await evaluateSae(loadSae(halved), data, { metrics: standardMetrics() });
    const sae = reportSae({ name: "halved", packed: halved, evaluation, fileBytes: 800, reference: exact });
    expect(sae.summary).toEqual(
      evaluationSummary(evaluation, { dIn: 2, dSae: 4, bitsPerWeight: bitsPerWeight(halved).total, fileBytes: 800 }),
    );
    expect(sae.provenance).toEqual({ variant: "ternary", data: "toy" });
    expect(Array.from(sae.atomNorms!)).toEqual([1, 1, 0.5, 0.5]);
    expect(sae.codes).toEqual([{ matrix: "dictionary", firstCode: -1, counts: [2, 4, 2] }]);
    expect(Array.from(sae.quantizationError!)).toEqual([0, 0, 0.5, 0.5]);
    expect(sae.l0).toBe(evaluation.metrics.l0);
  });

  it("does without an evaluation", () => {
    const sae = reportSae({ name: "unmeasured", packed: exact, fileBytes: 100 });
    expect(sae.summary).toEqual({ d_in: 2, d_sae: 4, bits_per_weight: 32, file_bits_per_weight: 50, bytes: 100 });
    expect(sae.quantizationError).toBeUndefined();
    expect(sae.density).toBeUndefined();
  });

  it("refuses a reference of another shape", () => {
    const other = packedSae([floatMatrix([[1, 0]]), floatMatrix([[1, 0]])]);
    expect(() => reportSae({ name: "x", packed: exact, reference: other })).toThrow(UsageError);
  });
});
