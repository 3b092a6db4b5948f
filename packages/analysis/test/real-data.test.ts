/** A published figure reproduced: the float TopK SAE of stories260K on its held-out activations. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { evaluateSae, standardMetrics } from "@qsae/analysis";
import { arraySource } from "@qsae/core";
import { decodeSafetensors, loadSae, type HostTensors, type PackedSae } from "@qsae/runtime";
import { expect, it } from "vitest";

const data = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const weightsPath = `${data}/s260k/sae_s260k_d1024_k8/sae_weights.safetensors`;
const missing = !existsSync(weightsPath);
if (missing)
  console.warn(`SKIPPED: real-data.test.ts needs ${weightsPath}; set QSAE_DATA to the folder of the test data`);

const read = (path: string): HostTensors => decodeSafetensors(readFileSync(path), path).tensors;
const floats = (tensors: HostTensors, name: string): Float32Array => tensors[name]!.data as Float32Array;

it.skipIf(missing)("gives FVU 0.0738 and L0 8 for the s260k SAE", async () => {
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
  const source = arraySource(activations.data as Float32Array, dIn);
  const { metrics } = await evaluateSae(loadSae(packed), source, { metrics: standardMetrics() });
  expect(metrics.fvu).toBeCloseTo(0.0738, 4);
  expect(metrics.l0.mean).toBeGreaterThan(7.9);
  expect(metrics.l0.mean).toBeLessThanOrEqual(8);
});
