/** The float TopK SAE of stories260K on its held-out activations: a published figure reproduced, a prediction that holds. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  evaluateSae,
  fvu,
  latentPower,
  predictedFvuIncrease,
  standardMetrics,
  supportOverlapWith,
} from "@qsae/analysis";
import { arraySource } from "@qsae/core";
import {
  decodeSafetensors,
  loadSae,
  type FloatMatrix,
  type HostTensors,
  type PackedSae,
  type PackedStage,
} from "@qsae/runtime";
import { expect, it } from "vitest";

const data = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const weightsPath = `${data}/s260k/sae_s260k_d1024_k8/sae_weights.safetensors`;
const missing = !existsSync(weightsPath);
if (missing)
  console.warn(`SKIPPED: real-data.test.ts needs ${weightsPath}; set QSAE_DATA to the folder of the test data`);

const read = (path: string): HostTensors => decodeSafetensors(readFileSync(path), path).tensors;
const floats = (tensors: HostTensors, name: string): Float32Array => tensors[name]!.data as Float32Array;

/** The float TopK SAE, and its held-out activations. */
function s260k(): { readonly packed: PackedSae; readonly activations: Float32Array } {
  const weights = read(weightsPath);
  const [dIn, dSae] = weights["W_enc"]!.shape as [number, number];
  const wEnc = floats(weights, "W_enc"); // [d_in, d_sae]
  const encoder = Float32Array.from({ length: dIn * dSae }, (_, i) => wEnc[(i % dIn) * dSae + Math.floor(i / dIn)]!);
  const packed: PackedSae = {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec: true,
        encoder: { kind: "float32", rows: dSae, cols: dIn, values: encoder },
        bEnc: floats(weights, "b_enc"),
        selection: { kind: "topk", k: 8, relu: true },
        dictionary: { kind: "float32", rows: dSae, cols: dIn, values: floats(weights, "W_dec") },
        bDec: floats(weights, "b_dec"),
        outputWeight: 1,
      },
    ],
    description: { variant: "baseline", config: {}, provenance: {}, metrics: {} },
  };
  const activations = Object.values(read(`${data}/s260k/s260k_heldout.safetensors`)).find(
    ({ shape, data: values }) => values instanceof Float32Array && shape.at(-1) === dIn,
  )!;
  return { packed, activations: activations.data as Float32Array };
}

it.skipIf(missing)("gives FVU 0.0738 and L0 8 for the s260k SAE", async () => {
  const { packed, activations } = s260k();
  const source = arraySource(activations, packed.dIn);
  const { metrics } = await evaluateSae(loadSae(packed), source, { metrics: standardMetrics() });
  expect(metrics.fvu).toBeCloseTo(0.0738, 4);
  expect(metrics.l0.mean).toBeGreaterThan(7.9);
  expect(metrics.l0.mean).toBeLessThanOrEqual(8);
});

it.skipIf(missing)("foretells what rounding the atoms costs, to a twentieth", async () => {
  const { packed, activations } = s260k();
  const [stage] = packed.stages as readonly [PackedStage];
  const dictionary = stage.dictionary as FloatMatrix;
  const values = dictionary.values.map((weight) => Math.round(weight * 16) / 16);
  const float = loadSae(packed);
  const rounded = loadSae({ ...packed, stages: [{ ...stage, dictionary: { ...dictionary, values } }] });
  const source = arraySource(activations.subarray(0, 4000 * packed.dIn), packed.dIn);
  const metrics = { fvu: fvu(), power: latentPower(), support: supportOverlapWith(float) };
  const before = (await evaluateSae(float, source, { metrics })).metrics;
  const after = (await evaluateSae(rounded, source, { metrics })).metrics;
  expect(after.support.overlap).toBe(1);
  const measured = after.fvu - before.fvu;
  expect(measured).toBeGreaterThan(0.001);
  expect(predictedFvuIncrease(rounded, float, before.power).total / measured).toBeCloseTo(1, 1);
});
