import { describe, expect, it } from "vitest";
import { openBackend, type VariantFactory } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { baselineFactory } from "./baseline.ts";
import { builtinVariants, lowerCheckpoint, variantByName } from "./by-name.ts";

const resolveQuantizer = quantizersByName();

describe("variantByName", () => {
  it("makes every built-in variant", () => {
    for (const { id } of builtinVariants) {
      expect(variantByName(id, { d_in: 4, d_sae: 32 }, { resolveQuantizer }).id).toBe(id);
    }
  });
  it("prefers a user's variant", () => {
    const own: VariantFactory = {
      id: "baseline",
      fromConfig: (config, resolve) => ({ ...baselineFactory.fromConfig(config, resolve), id: "own" }),
    };
    expect(variantByName("baseline", { d_in: 4, d_sae: 8, k: 2 }, { resolveQuantizer, custom: [own] }).id).toBe("own");
  });
  it("refuses unknown ids with what is allowed", () => {
    expect(() => variantByName("standard", {}, { resolveQuantizer })).toThrow(
      'unknown variant "standard"; allowed: baseline, binary, binary-latent, quantized-matryoshka, residual-quantized, ternary, relu, topk, batch-topk, jumprelu, gated, matryoshka',
    );
  });
});

describe("lowerCheckpoint", () => {
  const tensors = {
    W_enc: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    b_enc: { shape: [3], data: new Float32Array(3) },
    W_dec: { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1) },
    b_dec: { shape: [2], data: Float32Array.of(7, 8) },
  };
  it("carries weights, one row per latent, and provenance over", async () => {
    const { ops } = await openBackend("cpu");
    const spec = { variant: "baseline", config: { d_in: 2, d_sae: 3, k: 1 } };
    const packed = await lowerCheckpoint(ops, { spec, tensors, provenance: { model: "m" } }, { resolveQuantizer });
    expect(packed.stages[0]!.encoder).toMatchObject({ rows: 3, cols: 2, values: Float32Array.of(1, 4, 2, 5, 3, 6) });
    expect(packed.description).toMatchObject({ variant: "baseline", provenance: { model: "m" } });
  });
  it("names a missing parameter and those that are there", async () => {
    const { ops } = await openBackend("cpu");
    const { W_enc: _, ...rest } = tensors;
    const spec = { variant: "baseline", config: { d_in: 2, d_sae: 3, k: 1 } };
    await expect(lowerCheckpoint(ops, { spec, tensors: rest, provenance: {} }, { resolveQuantizer })).rejects.toThrow(
      "parameter W_enc is missing; the checkpoint holds: b_enc, W_dec, b_dec",
    );
  });
});
