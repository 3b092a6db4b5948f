import { arraySource, normals, openBackend, pairedSource, type Backend, type DataSource } from "@qsae/core";
import { loadSae, QsaeError, UsageError, type PackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyzeReference, analyzeSae } from "./analyze-sae.ts";
import { cosinesBetween } from "./cosine/cosines-between.ts";
import { evaluateSae } from "./evaluate.ts";
import { fvu } from "./metrics/fvu.ts";
import { latentPower } from "./metrics/latent-power.ts";
import { outputError } from "./metrics/output-error.ts";
import { evaluateReference } from "./reference/evaluate-reference.ts";
import { renderReport } from "./report/render-report.ts";
import { supportOverlapWith } from "./sparsity/support-overlap-with.ts";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "./weights/packed.fixture.ts";
import { predictedFvuIncrease } from "./weights/predicted-fvu.ts";
import { weightErrors } from "./weights/weight-errors.ts";

let backend: Backend;
beforeAll(async () => (backend = await openBackend("cpu")));
afterAll(() => backend.close());

const identity = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];
const float = packedSae([floatMatrix(identity), floatMatrix(identity)]);
const ternary = packedSae([floatMatrix(identity), codeMatrix(identity, [1, 1, 0.5, 0.5])]);
const data = arraySource(normals(2 * 500, 1, 3), 2, { file: "toy" });

/** Paths of numbers that are not finite. */
function notFinite(value: unknown, path = ""): readonly string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path} = ${value}`];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => notFinite(part, `${path}.${key}`));
}

describe("analyzeSae", () => {
  it("says what the latents, atoms and codes of one SAE are like", async () => {
    const sae = await analyzeSae(backend.ops, { name: "ternary", packed: ternary, fileBytes: 800 }, data);
    expect(sae).toMatchObject({
      name: "ternary",
      summary: { tokens: 500, d_in: 2, d_sae: 4, bytes: 800, dead: 0, dense: 4 },
      density: { tokens: 500 },
      l0: { mean: 2 },
      coactivation: { tokens: 500, pairs: 4 },
      cosines: { redundantPairs: 0, zeroAtoms: 0 },
      codes: [{ matrix: "dictionary" }],
    });
    expect(sae.summary!.shrinkage).toBeLessThan(1);
    expect(sae).not.toHaveProperty("reference");
    expect(sae).not.toHaveProperty("quantizationError");
  });

  it("gives each figure as its own function does, the reference being evaluated once for several SAEs", async () => {
    const reference = await evaluateReference({ name: "float", packed: float }, data);
    const [sae, itself] = [
      await analyzeSae(backend.ops, { name: "ternary", packed: ternary }, data, { reference }),
      await analyzeSae(backend.ops, { name: "again", packed: float }, data, { reference }),
    ];
    const loaded = { float: loadSae(float), ternary: loadSae(ternary) };
    const metrics = { support: supportOverlapWith(loaded.float), output: outputError(loaded.float), fvu: fvu() };
    const evaluation = await evaluateSae(loaded.ternary, data, { metrics, batchSize: 1024 });
    const { power } = (await evaluateSae(loaded.float, data, { metrics: { power: latentPower() } })).metrics;
    expect(sae.reference).toEqual({
      name: "float",
      cosines: await cosinesBetween(backend.ops, loaded.ternary, loaded.float),
      outputError: evaluation.metrics.output,
      support: evaluation.metrics.support,
      fvuIncrease: {
        measured: evaluation.metrics.fvu,
        predicted: predictedFvuIncrease(loaded.ternary, loaded.float, power),
      },
      weights: weightErrors(ternary, float),
    });
    // the float SAE is exact here: what is lost of it is what is lost
    expect(sae.reference!.outputError).toBeCloseTo(sae.summary!.fvu!, 12);
    expect(Array.from(sae.quantizationError!)).toEqual([0, 0, 0.5, 0.5]);
    expect(itself.reference).toMatchObject({ outputError: 0, support: { overlap: 1 }, fvuIncrease: { measured: 0 } });
  });

  it("makes a reference of an SAE in the pass that analyses it", async () => {
    const stored = { name: "float", packed: float };
    const { report, reference } = await analyzeReference(backend.ops, stored, data);
    const { tokens_per_second: _, ...summary } = (await analyzeSae(backend.ops, stored, data)).summary!;
    expect(report.summary).toMatchObject(summary);
    const { power, latents, fvu: measured } = await evaluateReference(stored, data);
    expect(reference).toMatchObject({ name: "float", power, latents, fvu: measured });
  });

  it("compares what it can with a reference of other latents", async () => {
    const wide = [...identity, [1, 1]];
    const packed = packedSae([floatMatrix(wide), floatMatrix(wide)]);
    const reference = await evaluateReference({ name: "wide", packed }, data);
    const { reference: compared, quantizationError } = await analyzeSae(
      backend.ops,
      { name: "narrow", packed: float },
      data,
      { reference },
    );
    expect(Object.keys(compared!).sort()).toEqual(["cosines", "name", "outputError"]);
    expect(compared!.outputError).toBeGreaterThan(0);
    expect(quantizationError).toBeUndefined();
  });

  it("compares the first tokens where memory for the reference's latents is short, and says how many", async () => {
    const long = arraySource(normals(2 * 3000, 1, 4), 2);
    const reference = await evaluateReference({ name: "float", packed: float }, long, { maxFirings: 4096 });
    const sae = await analyzeSae(backend.ops, { name: "ternary", packed: ternary }, long, { reference });
    expect(sae.summary!.tokens).toBe(3000);
    expect(sae.reference!.support!.tokens).toBe(2048);
    expect(sae.reference!.outputError).toBeGreaterThan(0);
  });

  it("measures a transcoder against its target", async () => {
    const x = normals(2 * 100, 1, 5);
    const pairs = pairedSource(arraySource(x, 2), arraySource(x, 2));
    const reference = await evaluateReference({ name: "float", packed: float }, pairs);
    const sae = await analyzeSae(backend.ops, { name: "ternary", packed: ternary }, pairs, { reference });
    expect(sae.reference!.outputError).toBeCloseTo(sae.summary!.fvu!, 12);
  });

  const zeros = [
    [0, 0],
    [0, 0],
  ];
  it.each<[string, PackedSae]>([
    ["whose latents are all dead", packedSae([floatMatrix(zeros), floatMatrix(identity.slice(0, 2))])],
    ["whose atoms are all zero", packedSae([floatMatrix(identity), floatMatrix([...zeros, ...zeros])])],
    ["of one latent", packedSae([floatMatrix([[1, 0]]), floatMatrix([[1, 0]])])],
    ["of one dead latent", packedSae([floatMatrix([[0, 0]]), floatMatrix([[0, 0]])])],
    ["of one ternary latent", packedSae([codeMatrix([[1, 0]], [1]), codeMatrix([[0, 0]], [1])])],
    [
      "that has dropped latents",
      packedSae([floatMatrix(identity), mixedMatrix([0, undefined, 0, undefined], codeMatrix([[1, 0], [0, 1]], [1, 1]))]), // prettier-ignore
    ],
  ])("has a finite figure or none for an SAE %s, alone and beside any other", async (_, packed) => {
    const alone = await analyzeSae(backend.ops, { name: "odd", packed, fileBytes: 100 }, data);
    expect(notFinite(alone)).toEqual([]);
    const odd = await evaluateReference({ name: "odd", packed }, data);
    const itself = await analyzeSae(backend.ops, { name: "odd", packed }, data, { reference: odd });
    const beside = await analyzeSae(backend.ops, { name: "float", packed: float }, data, { reference: odd });
    const reference = await evaluateReference({ name: "float", packed: float }, data);
    const other = await analyzeSae(backend.ops, { name: "odd", packed }, data, { reference });
    expect(notFinite([itself, beside, other])).toEqual([]);
    expect(itself.reference!.outputError).toBe(0);
    const page = renderReport({ title: "odd", createdAt: new Date(0), saes: [alone, other] });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("reports progress, and stops when asked", async () => {
    const seen: number[] = [];
    await analyzeSae(backend.ops, { name: "float", packed: float }, data, {
      onProgress: ({ tokens }) => seen.push(tokens),
    });
    expect(seen).toEqual([500]);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(analyzeSae(backend.ops, { name: "float", packed: float }, data, { signal })).rejects.toThrow("enough");
  });

  it("refuses data without variance, of one token, of another width, and other data than the reference's", async () => {
    const analyze = (source: DataSource, options = {}) =>
      analyzeSae(backend.ops, { name: "float", packed: float }, source, options);
    const constant = analyze(arraySource(new Float32Array(200).fill(2), 2, { file: "same.npy" }));
    await expect(constant).rejects.toThrow(QsaeError);
    await expect(constant).rejects.toThrow("same.npy: fvu: the data have zero variance (all 100 tokens are the same)");
    await expect(analyze(arraySource(Float32Array.of(1, 2), 2))).rejects.toThrow("have 1 tokens; FVU needs at least 2");
    await expect(analyze(arraySource(new Float32Array(0), 2))).rejects.toThrow("have 0 tokens");
    await expect(analyze(arraySource(new Float32Array(9), 3))).rejects.toThrow(UsageError);
    const reference = await evaluateReference({ name: "float", packed: float }, arraySource(normals(40, 1, 1), 2));
    await expect(analyze(data, { reference })).rejects.toThrow(/rows 0\.\.499 of the data meet rows 0\.\.19/);
    const narrow = packedSae([floatMatrix([[1]]), floatMatrix([[1]])]);
    const other = await evaluateReference({ name: "narrow", packed: narrow }, arraySource(normals(500, 1, 1), 1));
    await expect(analyze(data, { reference: other })).rejects.toThrow("d_in=1, the evaluated one of d_in=2");
  });
});
