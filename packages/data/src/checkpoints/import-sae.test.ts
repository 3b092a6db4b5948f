import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { FormatError, NonFiniteError, QsaeError, type TensorToWrite } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cfg, D, F, folderOf, numbers, weights } from "../../test/saelens-folder.ts";
import { sharedData } from "../../test/shared-data.ts";
import { importSae } from "./import-sae.ts";

async function refusal(config: object | string, tensors?: Record<string, TensorToWrite>): Promise<string> {
  const error: unknown = await importSae(await folderOf(config, tensors)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(FormatError);
  return (error as Error).message;
}

describe("importSae", () => {
  it("reads a top-k SAE", async () => {
    const folder = await folderOf(cfg);
    const sae = await importSae(folder);
    expect(sae.spec).toEqual({
      variant: "baseline",
      config: { d_in: D, d_sae: F, activation: "topk", k: 2, apply_b_dec_to_input: true },
    });
    expect(sae.tensors).toEqual(weights);
    expect(sae.provenance).toMatchObject({
      model: "tiny",
      hook: "blocks.1.hook_resid_post",
      imported: "my_sae",
      layout: "SAELens",
    });
    expect(sae.provenance["weights_sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("takes the weights file as well as the folder", async () => {
    const folder = await folderOf(cfg);
    expect(await importSae(join(folder, "sae_weights.safetensors"))).toEqual(await importSae(folder));
  });

  it("reads standard as ReLU", async () => {
    const sae = await importSae(await folderOf({ ...cfg, architecture: "standard", apply_b_dec_to_input: false }));
    expect(sae.spec.config).toEqual({ d_in: D, d_sae: F, activation: "relu", apply_b_dec_to_input: false });
  });

  it("reads jumprelu with its thresholds, those below 0 as the 0 that SAELens takes them for", async () => {
    const tensors = { ...weights, threshold: { shape: [F], data: Float32Array.of(0.5, -1, 0, 2) } };
    const sae = await importSae(await folderOf({ ...cfg, architecture: "jumprelu" }, tensors));
    expect(sae.spec.config).toEqual({ d_in: D, d_sae: F, activation: "jumprelu", apply_b_dec_to_input: true });
    expect(sae.tensors["threshold"]).toEqual({ shape: [F], data: Float32Array.of(0.5, 0, 0, 2) });
  });

  it("converts weights to float32", async () => {
    const half = { ...weights, b_dec: { shape: [D], data: Float32Array.of(0.5, 1, -2), dtype: "F16" as const } };
    expect((await importSae(await folderOf(cfg, half))).tensors["b_dec"]!.data).toEqual(Float32Array.of(0.5, 1, -2));
  });

  it("fills in what SAELens leaves to its defaults, and reads the keys of its older versions", async () => {
    const sae = await importSae(
      await folderOf({ d_in: D, d_sae: F, activation_fn_str: "relu", hook_name: "h", model_name: "m" }),
    );
    expect(sae.spec.config).toEqual({ d_in: D, d_sae: F, activation: "relu", apply_b_dec_to_input: true });
    expect(sae.provenance).toMatchObject({ model: "m", hook: "h" });
    const topk = {
      ...cfg,
      k: undefined,
      activation_fn: "topk",
      activation_fn_kwargs: { k: 3 },
      normalize_activations: false,
    };
    expect((await importSae(await folderOf(topk))).spec.config).toMatchObject({ k: 3 });
    const ones = { ...weights, scaling_factor: { shape: [F], data: new Float32Array(F).fill(1) } };
    expect((await importSae(await folderOf(cfg, ones))).tensors).toEqual(weights);
  });

  it("refuses configurations that compute something else, naming key, value and what is supported", async () => {
    expect(await refusal({ ...cfg, architecture: "gated" })).toMatch(
      /cfg\.json: architecture="gated" is not supported; supported: standard, topk, jumprelu/,
    );
    expect(await refusal({ ...cfg, architecture: "constructor" })).toMatch(/architecture="constructor"/);
    expect(await refusal({ ...cfg, normalize_activations: "layer_norm" })).toMatch(
      /normalize_activations="layer_norm" .*supported: none/,
    );
    expect(await refusal({ ...cfg, normalize_activations: true })).toMatch(/normalize_activations=true/);
    expect(await refusal({ ...cfg, reshape_activations: "hook_z" })).toMatch(/reshape_activations="hook_z"/);
    expect(await refusal({ ...cfg, finetuning_scaling_factor: true })).toMatch(/finetuning_scaling_factor=true/);
    expect(await refusal({ ...cfg, activation_fn_str: "tanh-relu" })).toMatch(
      /activation_fn="tanh-relu" .*supported: topk/,
    );
    expect(await refusal({ ...cfg, architecture: "standard", rescale_acts_by_decoder_norm: true })).toMatch(
      /rescale_acts_by_decoder_norm=true .*false with architecture standard/,
    );
    expect(await refusal({ ...cfg, k: undefined })).toMatch(/k=\(absent\); architecture topk needs k in 1\.\.d_sae=4/);
    expect(await refusal({ ...cfg, k: 5 })).toMatch(/k=5; architecture topk needs k in 1\.\.d_sae=4/);
  });

  it("refuses a config that is none", async () => {
    expect(await refusal("{")).toMatch(/cfg\.json: not JSON/);
    expect(await refusal("[]")).toMatch(/not a SAELens config/);
    expect(await refusal({ ...cfg, d_in: "3" })).toMatch(/not a SAELens config: d_in: /);
    expect(await refusal({ ...cfg, d_sae: 0 })).toMatch(/d_sae: /);
    expect(await refusal({ ...cfg, k: 1.5 })).toMatch(/k: /);
    expect(await refusal({ ...cfg, d_in: undefined })).toMatch(/d_in: /);
  });

  it("names tensors that are missing, misshapen, not float, or not of this architecture", async () => {
    const { b_dec: _, ...without } = weights;
    expect(await refusal(cfg, without)).toMatch(/sae_weights\.safetensors: no tensor "b_dec"; expected float \[3\]/);
    const transposed = { ...weights, W_enc: { shape: [F, D], data: numbers(D * F) } };
    expect(await refusal(cfg, transposed)).toMatch(
      /tensor "W_enc" is float \[4, 3\]; expected float \[3, 4\] by d_in=3, d_sae=4/,
    );
    expect(await refusal({ ...cfg, d_sae: 5 })).toMatch(/"W_enc" is float \[3, 4\]; expected float \[3, 5\]/);
    const integers = { ...weights, b_enc: { shape: [F], data: new Int32Array(F) } };
    expect(await refusal(cfg, integers)).toMatch(/"b_enc" is integer \[4\]/);
    const gate = { ...weights, b_gate: { shape: [F], data: new Float32Array(F) } };
    expect(await refusal(cfg, gate)).toMatch(/tensor "b_gate" does not belong to architecture topk/);
    const scaled = { ...weights, scaling_factor: { shape: [F], data: new Float32Array(F).fill(2) } };
    expect(await refusal(cfg, scaled)).toMatch(/"scaling_factor"/);
    expect(await refusal({ ...cfg, architecture: "jumprelu" })).toMatch(/no tensor "threshold"/);
  });

  it("refuses weights that are not finite, naming tensor and element", async () => {
    const bad = { ...weights, b_enc: { shape: [F], data: Float32Array.of(0, 1, NaN, 2) } };
    const failed = importSae(await folderOf(cfg, bad));
    await expect(failed).rejects.toThrow(NonFiniteError);
    await expect(failed).rejects.toThrow(/sae_weights\.safetensors: tensor "b_enc" is NaN at element 2/);
  });

  it("says what was expected where there is nothing, or something else", async () => {
    const folder = await folderOf(cfg);
    await expect(importSae(join(folder, "absent"))).rejects.toThrow(
      /absent: no such file or folder; expected an SAE in SAELens layout/,
    );
    await expect(importSae(join(folder, "cfg.json"))).rejects.toThrow(/cfg\.json: expected an SAE in SAELens layout/);
    await rm(join(folder, "sae_weights.safetensors"));
    await expect(importSae(folder)).rejects.toThrow(
      /sae_weights\.safetensors: no such file; expected an SAE in SAELens/,
    );
    await rm(join(folder, "cfg.json"));
    await expect(importSae(folder)).rejects.toThrow(/cfg\.json: no such file/);
  });

  it("ends in a typed error when the weights are cut off or damaged", async () => {
    const folder = await folderOf(cfg);
    const path = join(folder, "sae_weights.safetensors");
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 5) {
      await writeFile(path, whole.subarray(0, length));
      await expect(importSae(folder)).rejects.toThrow(FormatError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= flip;
        await writeFile(path, damaged);
        const result: unknown = await importSae(folder).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(QsaeError);
      }),
      { numRuns: 200 },
    );
  });
});

const gpt = sharedData("gpt", "sae_gpt_d2048_k32");
const s260k = sharedData("s260k", "sae_s260k_d1024_k8");

describe("SAEs of real models", () => {
  it.skipIf(gpt === undefined)("reads sae_gpt_d2048_k32", async () => {
    const { spec, tensors } = await importSae(gpt!);
    expect(spec.config).toEqual({ d_in: 256, d_sae: 2048, activation: "topk", k: 32, apply_b_dec_to_input: true });
    expect(tensors["W_dec"]!.shape).toEqual([2048, 256]);
  });

  it.skipIf(s260k === undefined)("reads sae_s260k_d1024_k8", async () => {
    const { spec } = await importSae(s260k!);
    expect(spec.config).toEqual({ d_in: 64, d_sae: 1024, activation: "topk", k: 8, apply_b_dec_to_input: true });
  });
});
