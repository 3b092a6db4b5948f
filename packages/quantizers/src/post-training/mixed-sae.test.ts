import { beforeAll, describe, expect, it } from "vitest";
import { arraySource, normals, openBackend, seededRandom, type Backend, type DataSource } from "@qsae/core";
import {
  bitsPerWeight,
  decodePackedSae,
  encodePackedSae,
  loadSae,
  NO_PART,
  UsageError,
  type MixedMatrix,
  type PackedSae,
} from "@qsae/runtime";
import { int } from "../int.ts";
import { quantizeMixed } from "./mixed-sae.ts";
import { quantizeSae } from "./quantize-sae.ts";

const [dIn, dSae, k, tokens] = [32, 48, 3, 600];
const DEAD = [5, 40];

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm", { threads: 1 });
  return () => backend.close();
});

/** An SAE with tied unit atoms, and tokens of a few of them each, the first ones often and strongly. */
const atoms = unitRows(normals(dSae * dIn, 1, 1));
const sae: PackedSae = {
  dIn,
  stages: [
    {
      dSae,
      input: { kind: "x" },
      subtractBDec: false,
      encoder: { kind: "float32", rows: dSae, cols: dIn, values: atoms },
      bEnc: Float32Array.from({ length: dSae }, (_, j) => (DEAD.includes(j) ? -1e6 : 0)),
      selection: { kind: "topk", k, relu: true },
      dictionary: { kind: "float32", rows: dSae, cols: dIn, values: atoms },
      bDec: new Float32Array(dIn),
      outputWeight: 1,
    },
  ],
  description: { variant: "test", config: {}, provenance: {}, metrics: {} },
};
const x = tokensOf(2);
const source = (): DataSource => arraySource(x, dIn);

function unitRows(rows: Float32Array): Float32Array {
  for (let j = 0; j < rows.length; j += dIn) {
    const row = rows.subarray(j, j + dIn);
    const norm = Math.hypot(...row);
    row.forEach((value, d) => (row[d] = value / norm));
  }
  return rows;
}

function tokensOf(seed: number): Float32Array {
  const random = seededRandom(seed);
  const made = new Float32Array(tokens * dIn); // [tokens, d_in]
  for (let token = 0; token < tokens; token++) {
    for (let n = 0; n < k; n++) {
      const j = Math.floor(dSae * random() ** 2);
      const strength = (1 + random()) * (j < 8 ? 4 : 1);
      for (let d = 0; d < dIn; d++) made[token * dIn + d]! += strength * atoms[j * dIn + d]!;
    }
  }
  return made;
}

const reconstructionOf = (of: PackedSae): Float32Array => loadSae(encodePackedSae(of)).reconstruct(x); // [tokens, d_in]

/** Squared distance of the reconstruction from the float SAE's, or from the data. */
function errorOf(packed: PackedSae, wanted = reconstructionOf(sae)): number {
  return reconstructionOf(packed).reduce((sum, value, i) => sum + (value - wanted[i]!) ** 2, 0);
}

describe("quantizeMixed", () => {
  it("stays within the budget, drops the dead, and gives the atoms that matter most bits", async () => {
    const mixed = await quantizeMixed(backend, sae, { budget: 2.6, source: source() });
    expect(mixed.importanceTokens).toBe(tokens);
    expect(mixed.dead).toEqual(expect.arrayContaining(DEAD));
    for (const j of mixed.dead) expect(mixed.bits[j]).toBe(0);
    const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(mixed.bits.subarray(0, 8))).toBeGreaterThan(1 + mean(mixed.bits.subarray(8)));

    const stored = decodePackedSae(encodePackedSae(mixed.sae), "mixed");
    expect(bitsPerWeight(stored).dictionary).toBeLessThanOrEqual(2.6);
    const { encoder, dictionary } = stored.stages[0]!;
    expect([encoder, dictionary].map((matrix) => matrix.kind)).toEqual(["mixed", "mixed"]);
    // fires as before: latents keep their numbers
    expect(loadSae(stored).encode(x).indices).toEqual(loadSae(sae).encode(x).indices);
  });

  it("is better than every atom alike at as many bits", async () => {
    // d_in = 32: 2 bits, a scale of 16 bits per atom
    const { sae: alike } = await quantizeSae(backend, sae, { method: "rtn", dictionary: int(2) });
    const options = { budget: bitsPerWeight(alike).dictionary, source: source() };
    const { sae: rounded } = await quantizeMixed(backend, sae, { ...options, method: "rtn" });
    expect(errorOf(rounded)).toBeLessThan(0.5 * errorOf(alike));
    const { sae: calibrated } = await quantizeMixed(backend, sae, options);
    expect(errorOf(calibrated, x)).toBeLessThan(0.9 * errorOf(rounded, x)); // gptq fits the data
  });

  it("trains what is not codes, encoder codes and all", async () => {
    const losses: number[] = [];
    const { sae: tuned, bits } = await quantizeMixed(backend, sae, {
      ...{ budget: 2.6, method: "tune", encoder: int(4), steps: 60, batchSize: 128, source: source() },
      reporters: [{ onStep: ({ loss }) => void losses.push(loss) }],
    });
    expect(losses).toHaveLength(60);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)));
    const { partOfRow } = tuned.stages[0]!.dictionary as MixedMatrix;
    expect([...partOfRow].map((part) => part === NO_PART)).toEqual([...bits].map((own) => own === 0));
    expect(bitsPerWeight(tuned).dictionary).toBeLessThanOrEqual(2.6);
  });

  it("rounds the encoder first and rotates where asked; the same options give the same file", async () => {
    const options = { budget: 3, method: "rtn", encoder: int(8), rotate: true, seed: 3, source: source() } as const;
    const [a, b] = [await quantizeMixed(backend, sae, options), await quantizeMixed(backend, sae, options)];
    expect(encodePackedSae(a.sae)).toEqual(encodePackedSae(b.sae));
    expect(a.sae.rotation?.kind).toBe("hadamard");
    expect(bitsPerWeight(a.sae).encoder).toBeLessThan(9);
    expect(errorOf(a.sae)).toBeLessThan(
      1.5 * errorOf((await quantizeMixed(backend, sae, { ...options, rotate: false })).sae),
    );
  });

  it("names what is wrong", async () => {
    const refused = (change: Partial<Parameters<typeof quantizeMixed>[2]>, of = sae) =>
      expect(quantizeMixed(backend, of, { budget: 2, source: source(), ...change })).rejects;
    await refused({ budget: 0.1 }).toThrow(UsageError);
    await refused({ budget: 0.1 }).toThrow("a budget of 0.1 bits per weight is too small");
    await refused({ source: arraySource(x, dIn / 2) }).toThrow("the data has d_in=16, the SAE d_in=32");
    await refused({ source: arraySource(new Float32Array(10 * dIn), dIn) }).toThrow("no latent fires on 10 tokens");
    await refused({ method: "two-phase" as "tune" }).toThrow('unknown method "two-phase"; allowed: rtn, gptq, tune');
    await refused({}, { ...sae, stages: [sae.stages[0]!, sae.stages[0]!] }).toThrow("this SAE has 2 stages");
  });
});

describe("an aborted signal", () => {
  it.each(["rtn", "gptq"] as const)("stops %s in the middle, with its reason", async (method) => {
    const controller = new AbortController();
    const options = { method, dictionary: int(3), source: source(), signal: controller.signal };
    controller.abort(new Error("enough"));
    await expect(quantizeSae(backend, sae, options)).rejects.toThrow("enough");
  });

  it("is heard while gptq computes", async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("enough")), 60);
    const wide = arraySource(normals(8000 * dIn, 1, 5), dIn);
    const options = { method: "gptq", dictionary: int(3), encoder: int(3), source: wide } as const;
    const startedMs = performance.now();
    await expect(
      (async () => {
        for (;;) await quantizeSae(backend, sae, { ...options, signal: controller.signal });
      })(),
    ).rejects.toThrow("enough");
    expect(performance.now() - startedMs).toBeLessThan(5000);
    clearTimeout(timer);
  });

  it("stops mixed precision too", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(quantizeMixed(backend, sae, { budget: 2, source: source(), signal })).rejects.toThrow("enough");
  });
});
