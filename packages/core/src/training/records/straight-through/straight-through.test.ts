/** Against a TopK SAE computed by hand in float64: its losses with a code moved, and its straight-through gradients. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../../../backends/open-backend.ts";
import type { Backend } from "../../../contracts/backend.ts";
import type { Batch } from "../../../contracts/data-source.ts";
import type { StraightThroughMismatch } from "../../../contracts/reporter.ts";
import type { Tensors } from "../../../contracts/tensor-ops.ts";
import type { QuantizedWeights, Variant } from "../../../contracts/variant.ts";
import { normals } from "../../../random.ts";
import { codedSae } from "../../variants.fixture.ts";
import { sampleEntries } from "./sample-entries.ts";
import { straightThroughMismatches } from "./straight-through.ts";

const [D, F, K, N, STEP] = [10, 24, 5, 12, 0.25];
const SEEDS = { seed: 3, step: 40 };
const x = normals(N * D, 1, 1);
const start = { W_enc: normals(D * F, 0.6, 2), b_enc: normals(F, 0.1, 3), W_dec: normals(F * D, 0.6, 4) };
const bDec = normals(D, 0.1, 5);
const batch: Batch = { x, n: N, rows: new Int32Array(N) };

type Matrix = "W_enc" | "W_dec";
type Codes = Readonly<Record<Matrix, number[]>>;

const codesOf = (range: number): Codes => {
  const rounded = (w: Float32Array) => Array.from(w, (v) => Math.max(-range, Math.min(range, Math.round(v / STEP))));
  return { W_enc: rounded(start.W_enc), W_dec: rounded(start.W_dec) };
};

/** Loss and straight-through gradients. */
function byHand(codes: Codes): { loss: number; fired: number[] } & Record<Matrix, Float64Array> {
  const grads = { W_enc: new Float64Array(D * F), W_dec: new Float64Array(F * D) };
  const fired = Array<number>(F).fill(0);
  let loss = 0;
  for (let t = 0; t < N; t++) {
    const token = [...x.subarray(t * D, (t + 1) * D)];
    const h = Array.from(
      { length: F },
      (_, j) => start.b_enc[j]! + token.reduce((sum, v, i) => sum + v * codes.W_enc[i * F + j]! * STEP, 0),
    );
    const byScore = [...h.keys()].sort((a, b) => h[b]! - h[a]!);
    const active = byScore.slice(0, K).filter((j) => h[j]! > 0);
    const atom = (j: number, i: number): number => codes.W_dec[j * D + i]! * STEP;
    const error = token.map((v, i) => bDec[i]! + active.reduce((sum, j) => sum + h[j]! * atom(j, i), 0) - v);
    loss += error.reduce((sum, e) => sum + e * e, 0) / (N * D);
    for (const j of active) {
      fired[j]!++;
      const dz = error.reduce((sum, e, i) => sum + (2 / (N * D)) * e * atom(j, i), 0);
      for (let i = 0; i < D; i++) {
        grads.W_dec[j * D + i]! += (2 / (N * D)) * error[i]! * h[j]!;
        grads.W_enc[i * F + j]! += dz * token[i]!;
      }
    }
  }
  return { loss, fired, ...grads };
}

/** What is to be found of `weights` sampled entries. */
function expected(matrix: Matrix, range: number, weights: number) {
  const codes = codesOf(range);
  const now = byHand(codes);
  const shape = matrix === "W_enc" ? ([D, F] as const) : ([F, D] as const);
  const [latentAxis, index] = matrix === "W_enc" ? ([1, 0] as const) : ([0, 1] as const);
  const seeds = [SEEDS.seed, SEEDS.step, index];
  const entries = sampleEntries(now.fired, { shape, latentAxis, latents: weights, entries: 1, seeds });
  const pairs = entries.map(({ row, column }) => {
    const at = row * shape[1] + column;
    const ends = [1, -1].map((by) => {
      const moved = [...codes[matrix]];
      moved[at] = Math.max(-range, Math.min(range, moved[at]! + by));
      return { loss: byHand({ ...codes, [matrix]: moved }).loss, value: moved[at] * STEP };
    }) as [End, End];
    const difference = (ends[0].loss - ends[1].loss) / (ends[0].value - ends[1].value);
    return [now[matrix][at]!, difference] as const;
  });
  const dot = (f: (pair: readonly [number, number]) => number): number => pairs.reduce((sum, p) => sum + f(p), 0);
  const size = Math.sqrt(dot(([, d]) => d * d));
  return {
    entries: entries.length,
    cosine: dot(([g, d]) => g * d) / size / Math.sqrt(dot(([g]) => g * g)),
    relativeError: Math.sqrt(dot(([g, d]) => (g - d) ** 2)) / size,
  };
}

interface End {
  readonly loss: number;
  readonly value: number;
}

describe("straightThroughMismatches", () => {
  let one: Backend;
  let two: Backend;
  beforeAll(async () => {
    one = await openBackend("wasm", { threads: 1 });
    two = await openBackend("wasm", { threads: 2 });
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  const variantOf = (range: number): Variant => codedSae({ dIn: D, dSae: F, k: K, step: STEP, range });
  const measured = async (
    variant: Variant,
    { backend = one, ...options }: { backend?: Backend; seed?: number } = {},
  ): Promise<Readonly<Record<string, StraightThroughMismatch>>> => {
    const { ops } = backend;
    const params: Tensors = {
      W_enc: ops.tensor(start.W_enc, [D, F]),
      b_enc: ops.tensor(start.b_enc, [F]),
      W_dec: ops.tensor(start.W_dec, [F, D]),
      b_dec: ops.tensor(bDec, [D]),
    };
    try {
      return await straightThroughMismatches(ops, variant, params, batch, { progress: 0, ...SEEDS, ...options });
    } finally {
      ops.dispose(Object.values(params));
    }
  };

  it("finds none where the loss is quadratic: a central difference of the dictionary is its gradient", async () => {
    const { W_dec } = await measured(variantOf(100));
    expect(W_dec!.weights).toBe(6);
    expect(W_dec!.relativeError).toBeLessThan(1e-4);
    expect(W_dec!.cosine).toBeGreaterThan(1 - 1e-8);
    expect(expected("W_dec", 100, 6).relativeError).toBeLessThan(1e-12);
  });

  it.each([
    ["W_enc", 100],
    ["W_enc", 2],
    ["W_dec", 2],
    ["W_dec", 1],
    ["W_enc", 1],
  ] as const)("agrees with float64 on %s with codes of -%i up", async (matrix, range) => {
    const mismatch = (await measured(variantOf(range)))[matrix]!;
    const { entries, cosine, relativeError } = expected(matrix, range, mismatch.weights);
    expect(entries).toBe(6);
    expect(relativeError).toBeGreaterThan(0.01); // codes of the encoder select; ends of the range are one-sided
    expect(mismatch.cosine).toBeCloseTo(cosine, 3);
    expect(Math.abs(mismatch.relativeError! / relativeError - 1)).toBeLessThan(1e-3);
  });

  it("compares corrected gradients", async () => {
    const variant: Variant = {
      ...variantOf(100),
      afterBackward: (ops, _params, grads) => ({ ...grads, W_dec: ops.mul(grads["W_dec"]!, -2) }),
    };
    const { W_dec } = await measured(variant);
    expect(W_dec!.cosine).toBeCloseTo(-1, 6);
    expect(W_dec!.relativeError).toBeCloseTo(3, 3);
  });

  it("samples others for another seed, the same ones on any number of threads", async () => {
    const variant = variantOf(2);
    const first = await measured(variant);
    expect(await measured(variant)).toEqual(first);
    expect(await measured(variant, { backend: two })).toEqual(first);
    expect(await measured(variant, { seed: 4 })).not.toEqual(first);
  });

  it("says how many weights it tried where float32 does not resolve a step of their code", async () => {
    const fine = codedSae({ dIn: D, dSae: F, k: K, step: 2 ** -22, range: 1e6 });
    expect((await measured(fine))["W_dec"]).toEqual({ weights: 6 });
  });

  it("leaves out weights that have no other code, and matrices that the forward pass does not round", async () => {
    const { quantized, ...float } = variantOf(2);
    expect(await measured(float)).toEqual({});
    const [encoder, dictionary] = quantized as [QuantizedWeights, QuantizedWeights];
    const { rounding: _, ...soft } = dictionary;
    expect(Object.keys(await measured({ ...float, quantized: [encoder, soft] }))).toEqual(["W_enc"]);
    const masked: Variant["quantized"] = [
      { ...encoder, rounding: { ...encoder.rounding!, neighbours: (_ops, params) => params["W_enc"]! } },
    ];
    expect(await measured({ ...float, quantized: masked })).toEqual({});
  });

  it("leaks nothing, also where a forward pass fails", async () => {
    const { ops } = one;
    const before = ops.memory();
    await measured(variantOf(2));
    expect(ops.memory()).toEqual(before);
    const variant = variantOf(2);
    for (const last of [1, 2, 9]) {
      let calls = 0;
      const failing: Variant = {
        ...variant,
        forward: (...args) => {
          if (++calls === last) throw new Error("no more");
          return variant.forward(...args);
        },
      };
      await expect(measured(failing)).rejects.toThrow("no more");
      expect(ops.memory()).toEqual(before);
    }
  });
});
