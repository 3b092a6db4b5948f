import { describe, expect, it } from "vitest";
import { arraySource, normals, train } from "@qsae/core";
import { loadSae } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { sparseData } from "../../test/sparse-data.ts";
import { variantByName } from "../by-name.ts";
import { batchTopk } from "../field.ts";
import { INFERENCE_THRESHOLD, movedThreshold, smallestSelected } from "./inference-threshold.ts";

const [D, F, K] = [16, 64, 4];
const resolve = quantizersByName();

const backend = await testBackend();
const { ops } = backend;

describe("a batch of n tokens", () => {
  const [n, x] = [40, sparseData(40, D, 5)];
  const countsOf = async (config: { k: number; max_k?: number }): Promise<number[]> => {
    const variant = batchTopk({ d_in: D, d_sae: F, ...config }, resolve);
    const params = variant.init(ops, { seed: 1, center: normals(D, 0.1, 2), deviation: 4 });
    const { latents } = variant.forward(ops, params, { x: ops.tensor(x, [n, D]), progress: 0 });
    if ("dtype" in latents) throw new Error("sparse latents expected");
    const { shape, data } = await ops.read(latents.values);
    return Array.from(
      { length: n },
      (_, i) => data.subarray(i * shape[1]!, (i + 1) * shape[1]!).filter((z) => z > 0).length,
    );
  };

  it("has n k active latents, unevenly", async () => {
    const counts = await countsOf({ k: K });
    expect(counts.reduce((a, b) => a + b)).toBe(n * K);
    expect(Math.max(...counts)).toBeGreaterThan(K);
    expect(Math.min(...counts)).toBeLessThan(K);
  });
  it("has at most max_k on any token", async () => {
    expect(Math.max(...(await countsOf({ k: K, max_k: 5 })))).toBe(5);
    expect(await countsOf({ k: K, max_k: K })).toEqual(Array<number>(n).fill(K));
  });
});

describe("the inference threshold", () => {
  const after = async (batches: readonly number[]): Promise<number> => {
    let params = { [INFERENCE_THRESHOLD]: ops.zeros([1]) };
    batches.forEach((smallest, i) => {
      const statistics = smallestSelected(ops, ops.tensor([0, smallest, 2 * smallest, 0], [2, 2]));
      params = movedThreshold(ops, params, { step: i + 1, progress: 0, statistics, gradients: {} }) as typeof params;
    });
    return (await ops.read(params[INFERENCE_THRESHOLD])).data[0]!;
  };
  it("is the smallest selected score at first", async () => {
    expect(await after([3])).toBe(3);
  });
  it("stays within what batches gave, and is their mean where they scatter", async () => {
    const scattered = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : 2));
    expect(await after(scattered)).toBeCloseTo(1.5, 1);
  });
  it("passes over batches in which nothing was selected", async () => {
    expect(await after([1, 3, 0])).toBe(await after([1, 3]));
  });
  it("forgets the start", async () => {
    expect(await after([...Array<number>(100).fill(1), ...Array<number>(100).fill(2)])).toBeGreaterThan(1.99);
  });
});

describe("held-out data at inference", () => {
  it.each([
    ["batch-topk", {}],
    ["matryoshka", {}],
    ["binary-latent", { activation: "binary-batch-topk" }],
    ["batch-topk", { decoder_quantizer: "ternary" }],
  ])("has k active latents per token on average: %s %o", async (id, extra) => {
    const variant = variantByName(id, { d_in: D, d_sae: F, k: K, ...extra }, { resolveQuantizer: resolve });
    const { checkpoint } = await train({
      backend,
      variant,
      source: arraySource(sparseData(8192, D, 1), D),
      training: { steps: 300, batch_size: 256, lr: 3e-3 },
    });
    const tokens = 4000;
    const latents = loadSae(await variant.lower(ops, checkpoint.tensors)).encode(sparseData(tokens, D, 2));
    const l0 = latents.values.length / tokens;
    expect(Math.abs(l0 - K) / K).toBeLessThan(0.04);
  });
});
