/** A report's input as real runs make it, from seeded noise: what tests render and what designers look at. */
import { normals, seededRandom } from "@qsae/core";
import { batchOf, type Token } from "../metrics/batches.fixture.ts";
import { l0 } from "../metrics/l0.ts";
import { latentDensity } from "../metrics/latent-density.ts";
import { coactivation } from "../sparsity/coactivation.ts";
import type { ReportInput, ReportRun, ReportSae } from "./report-input.ts";
import {
  sampleCosines,
  sampleCrossEntropy,
  sampleGradients,
  sampleReference,
  sampleRounded,
} from "./sample-analyses.fixture.ts";

const D_SAE = 2048;
const TOKENS = 2000;

export interface SampleRun {
  readonly steps?: number;
  /** Whether gradients are those of quantized weights. Absent: there are no records of gradients. */
  readonly quantized?: boolean;
}

export function sampleRun(
  name: string,
  floor: number,
  seed: number,
  { steps = 1500, quantized }: SampleRun = {},
): ReportRun {
  const noise = normals(2 * steps, 1, seed);
  return {
    name,
    steps: Array.from({ length: steps }, (_, i) => {
      const progress = (i + 1) / steps;
      const batchFvu = (floor + 0.9 * Math.exp(-18 * progress)) * (1 + 0.03 * noise[i]!);
      return {
        step: i + 1,
        tokens: 1024 * (i + 1),
        lr: 1e-3 * Math.min(1, 20 * progress) * Math.min(1, 4 * (1 - progress)),
        loss: 3.1 * batchFvu + 0.01 * Math.exp(-40 * progress),
        batchFvu,
        l0: 32,
        dead: Math.max(0, Math.round(420 * Math.exp(-6 * progress) * (1 + 0.02 * noise[steps + i]!))),
        elapsedMs: 42 * (i + 1),
        ...(quantized !== undefined &&
          (i + 1) % 25 === 0 && { gradients: sampleGradients(progress, quantized, (i + 1) % 100 === 0, seed + i) }),
      };
    }),
  };
}

export interface SampleSae {
  readonly fvu: number;
  readonly bits: number;
  readonly seed: number;
  /** Absent: float. */
  readonly levels?: number;
  /** Mean active latents; exactly this many where `spread` is 0. */
  readonly active?: number;
  readonly spread?: number;
  /** Of the loss of the language model. */
  readonly recovered?: number;
  /** FVU of the float SAE it comes from. */
  readonly floatFvu?: number;
  /** Widths of the rows of its dictionary, where there are several. */
  readonly widths?: readonly number[];
}

export function sampleSae(name: string, sample: SampleSae): ReportSae {
  const { fvu, bits, seed, levels, active = 32, spread = 0, recovered, floatFvu, widths } = sample;
  const tokens = sampleTokens(active, spread, seed);
  const shape = { dIn: 1, dSae: D_SAE };
  const run = {
    density: latentDensity().start(shape),
    l0: l0().start(shape),
    coactivation: coactivation().start(shape),
  };
  const batch = batchOf(tokens, { dSae: D_SAE });
  for (const metric of Object.values(run)) void metric.update(batch);
  const density = run.density.finish();
  const noise = normals(2 * D_SAE, 1, seed);
  const bytes = Math.round((bits * 2 * 256 * D_SAE) / 8) + 11_264;
  return {
    name,
    summary: {
      fvu,
      explained_variance: 1 - fvu,
      mse: fvu * 1.7,
      l0: run.l0.finish().mean,
      dead: density.dead,
      tokens: TOKENS,
      d_in: 256,
      d_sae: D_SAE,
      bits_per_weight: bits,
      file_bits_per_weight: (8 * bytes) / (2 * 256 * D_SAE),
      bytes,
      tokens_per_second: 48_211 + 900 * seed,
      shrinkage: 1 - 0.06 * fvu,
      dense: density.dense.length,
    },
    provenance: { variant: levels === undefined ? "baseline" : "ternary", checkpoint: `runs/quickstart/${name}` },
    density,
    l0: run.l0.finish(),
    coactivation: run.coactivation.finish(),
    cosines: sampleCosines(D_SAE, seed),
    ...(recovered !== undefined && { crossEntropy: sampleCrossEntropy(recovered) }),
    ...(levels === undefined && { rounded: sampleRounded(fvu) }),
    ...(levels !== undefined &&
      floatFvu !== undefined && {
        reference: sampleReference({
          name: "float topk",
          dSae: D_SAE,
          levels,
          fvuIncrease: fvu - floatFvu,
          seed,
          ...(widths && { widths }),
        }),
      }),
    atomNorms: noise.slice(0, D_SAE).map((z) => 1 + (levels === undefined ? 1e-7 : 0.06) * z),
    ...(levels !== undefined && {
      codes: ["encoder", "dictionary"].map((matrix, m) => ({
        matrix,
        firstCode: -Math.floor(levels / 2),
        counts: Array.from({ length: levels }, (_, c) => {
          const at = ((c - (levels - 1) / 2) / levels) * 4;
          return Math.round((256 * D_SAE * Math.exp((-at * at) / (2 - 0.6 * m))) / (levels * 0.6));
        }),
      })),
      quantizationError: noise.slice(D_SAE).map((z) => 0.44 * 2 ** (1.585 - Math.log2(levels)) * (1 + 0.05 * z)),
    }),
  };
}

/** Latents fire with densities spread over three decades, some of them in groups; the last few never do. */
function sampleTokens(active: number, spread: number, seed: number): readonly Token[] {
  const random = seededRandom(seed);
  const noise = normals(TOKENS, spread, seed + 1);
  return Array.from({ length: TOKENS }, (_, i) => {
    const latents: Record<number, number> = {};
    const wanted = Math.max(0, Math.round(active + noise[i]!));
    let count = 0;
    const fire = (j: number): void => {
      if (count === wanted) return;
      if (latents[j] === undefined) count++;
      latents[j] = 1 + random();
    };
    while (count < wanted) {
      const j = Math.floor((D_SAE - 37) * random() ** 3);
      fire(j);
      // from latent 200 on, every 23rd brings others with it
      const members = j > 200 && j % 23 === 0 ? 2 + (j % 5) : 0;
      for (let m = 1; m <= members; m++) if (random() < 0.75 - 0.06 * members) fire(j + m);
    }
    return { x: [0], latents };
  });
}

export const sampleReport: ReportInput = {
  title: "Ternary sparse autoencoders of tiny-lm",
  createdAt: new Date("2025-11-24T05:42:00Z"),
  provenance: {
    command: "qsae quickstart",
    model: "examples/tiny-lm/model.onnx",
    hook: "/blocks.1/Add_3_output_0",
    "held-out text": "examples/tiny-lm/heldout.txt",
  },
  saes: [
    sampleSae("float topk", { fvu: 0.0776, bits: 32, seed: 1, recovered: 0.9608 }),
    sampleSae("ternary, trained", {
      fvu: 0.1109,
      bits: 1.63,
      seed: 2,
      levels: 3,
      floatFvu: 0.0776,
      recovered: 0.9391,
    }),
    sampleSae("ternary, rounded", {
      fvu: 0.175,
      bits: 1.63,
      seed: 3,
      levels: 3,
      floatFvu: 0.0776,
      recovered: 0.8318,
    }),
    sampleSae("4 bits, jumprelu", {
      fvu: 0.0826,
      bits: 4.06,
      seed: 4,
      levels: 16,
      active: 40,
      spread: 9,
      floatFvu: 0.0776,
      widths: [3, 4, 5, 6],
      recovered: 0.9588,
    }),
  ],
  runs: [
    sampleRun("float topk", 0.078, 11, { quantized: false }),
    sampleRun("ternary, trained", 0.111, 12, { quantized: true }),
  ],
};
