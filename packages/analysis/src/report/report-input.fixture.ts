/** A report's input as real runs make it, from seeded noise: what tests render and what designers look at. */
import { normals, seededRandom } from "@qsae/core";
import { batchOf, type Token } from "../metrics/batches.fixture.ts";
import { l0 } from "../metrics/l0.ts";
import { latentDensity } from "../metrics/latent-density.ts";
import type { ReportInput, ReportRun, ReportSae } from "./report-input.ts";

const D_SAE = 2048;
const TOKENS = 2000;

export function sampleRun(name: string, floor: number, seed: number, steps = 1500): ReportRun {
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
}

export function sampleSae(name: string, { fvu, bits, seed, levels, active = 32, spread = 0 }: SampleSae): ReportSae {
  const tokens = sampleTokens(active, spread, seed);
  const run = { density: latentDensity().start({ dIn: 1, dSae: D_SAE }), l0: l0().start({ dIn: 1, dSae: D_SAE }) };
  const batch = batchOf(tokens, { dSae: D_SAE });
  void run.density.update(batch);
  void run.l0.update(batch);
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
    },
    provenance: { variant: levels === undefined ? "baseline" : "ternary", checkpoint: `runs/quickstart/${name}` },
    density,
    l0: run.l0.finish(),
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

/** Latents fire with densities spread over three decades; the last few never do. */
function sampleTokens(active: number, spread: number, seed: number): readonly Token[] {
  const random = seededRandom(seed);
  const noise = normals(TOKENS, spread, seed + 1);
  return Array.from({ length: TOKENS }, (_, i) => {
    const latents: Record<number, number> = {};
    const wanted = Math.max(0, Math.round(active + noise[i]!));
    for (let count = 0; count < wanted;) {
      const j = Math.floor((D_SAE - 37) * random() ** 3);
      if (latents[j] === undefined) count++;
      latents[j] = 1 + random();
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
    sampleSae("float topk", { fvu: 0.0776, bits: 32, seed: 1 }),
    sampleSae("ternary, trained", { fvu: 0.1109, bits: 1.63, seed: 2, levels: 3 }),
    sampleSae("ternary, rounded", { fvu: 0.175, bits: 1.63, seed: 3, levels: 3 }),
    sampleSae("4 bits, jumprelu", { fvu: 0.0826, bits: 4.06, seed: 4, levels: 16, active: 40, spread: 9 }),
  ],
  runs: [sampleRun("float topk", 0.078, 11), sampleRun("ternary, trained", 0.111, 12)],
};
