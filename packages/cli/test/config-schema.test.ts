/** The JSON Schema of configurations says what the command takes, and the committed file is that schema. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arraySource, backendNames, parseTrainingConfig } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import { builtinVariants } from "@qsae/variants";
import { catalogOf } from "../src/catalog.ts";
import { parseConfig } from "../src/config/config-schema.ts";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { variantOf } from "../src/runs/variant-of-run.ts";

const D_IN = 64;
const source = arraySource(new Float32Array(2 * D_IN), D_IN);
const schema = configJsonSchema();
const valid = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(schema);

/** What is wrong with a configuration file, as a run finds out; undefined: nothing. */
function problemOf(value: unknown): string | undefined {
  try {
    const config = parseConfig("qsae.config.json", value);
    if (config.variant) variantOf(config, source, undefined, catalogOf(config));
    if (config.training) parseTrainingConfig(config.training);
    if (config.backend !== undefined && !backendNames.includes(config.backend)) return "backend";
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

it("is the committed file", async () => {
  const file = fileURLToPath(new URL("../schema/qsae.config.schema.json", import.meta.url));
  const committed: unknown = JSON.parse(await readFile(file, "utf8"));
  expect(committed, "write it again with: pnpm build:schema").toEqual(schema);
});

it("knows every built-in variant", () => {
  const { properties } = schema as { properties: { variant: { anyOf: { title: string }[] } } };
  expect(new Set(properties.variant.anyOf.map(({ title }) => title))).toEqual(
    new Set(builtinVariants.map(({ id }) => id)),
  );
});

it("describes every key", () => {
  const undescribed: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { properties } = node as { properties?: Record<string, object> };
    if (properties && "type" in node) {
      for (const [key, value] of Object.entries(properties)) {
        if (!("description" in value) && key !== "id") undescribed.push(`${path}.${key}`);
      }
    }
    for (const [key, value] of Object.entries(node)) visit(value, `${path}.${key}`);
  };
  visit(schema, "");
  expect(undescribed).toEqual([]);
});

describe("what parses is valid", () => {
  it.each<object>([
    {},
    {
      $schema: "./node_modules/@qsae/cli/schema/qsae.config.schema.json",
      data: "train.safetensors",
      tensor: "acts",
      heldout: "heldout.safetensors",
      variant: { id: "ternary", d_sae: 64, k: 4 },
      from: "runs/float",
      training: { epochs: 3, lr: 4e-3, lr_schedule: "cosine", clip_grad_norm: 1 },
      backend: "wasm",
      out: "runs/ternary",
    },
    { quantizers: [], variants: [] },
    { variant: { id: "baseline", input_dim: D_IN, hidden_dim: 64, top_k: 4 } },
    { variant: { id: "binary", preset: "reference", hidden_dim: 64, top_k: 4, abs_range: 2, n_bits: 2 } },
    { variant: { id: "quantized-matryoshka", preset: "reference", hidden_dim: 64, top_k: 4, abs_range: 2 } },
    { variant: { id: "baseline", activation: "jumprelu", bandwidth: 0.1 } },
    { variant: { id: "relu", p_end: 0.2, p_anneal_start_fraction: 0.3 } },
    { variant: { id: "topk", transcoder: true, skip: true, apply_b_dec_to_input: false } },
    { variant: { id: "matryoshka", prefixes: [0.5, 1], decoder_quantizer: "centered-int4" } },
    {
      variant: {
        id: "topk",
        encoder_quantizer: "int4/absmax/16/lsq",
        decoder_quantizer: "residual2-ternary/tensor/clipped",
      },
    },
    { variant: { id: "topk", decoder_quantizer: "codebook:-1,-0.25,1e-2,3" } },
    { variant: { id: "topk", decoder_quantizer: "twos-complement4:1.5" } },
    { variant: { id: "ternary", f_decay: 0.2, sparsity: 0.5 } },
    { training: { lr_schedule: "constant", lr_decay_fraction: 0 } },
    ...builtinVariants.map(({ id }) => ({ variant: { id } })),
  ])("%j", (config) => {
    expect(problemOf(config)).toBeUndefined();
    expect(valid(config), JSON.stringify(valid.errors)).toBe(true);
  });
});

it("the configurations of the pre-trained SAEs are valid", async () => {
  const folder = fileURLToPath(new URL("../../../examples/pretrained/configs/", import.meta.url));
  const names = await readdir(folder);
  expect(names.length).toBe(builtinVariants.length);
  for (const name of names) {
    const config: unknown = JSON.parse(await readFile(folder + name, "utf8"));
    expect(valid(config), `${name}: ${JSON.stringify(valid.errors)}`).toBe(true);
  }
});

describe("what is refused is not", () => {
  it.each<unknown>([
    [],
    null,
    { dta: "train.safetensors" },
    { data: 3 },
    { backend: "gpu" },
    { quantizers: [{ id: "mine" }] },
    { variants: [{ id: "mine" }] },
    { variant: {} },
    { variant: "ternary" },
    { variant: { id: "mine" } },
    { variant: { id: "ternary", d_sea: 64 } },
    { variant: { id: "ternary", k: 0 } },
    { variant: { id: "ternary", k: 1.5 } },
    { variant: { id: "ternary", k: "4" } },
    { variant: { id: "ternary", hidden_dim: -1 } },
    { variant: { id: "ternary", preset: "fast" } },
    { variant: { id: "ternary", preset: "reference", top_k: 4 } },
    { variant: { id: "ternary", decoder_quantizer: "int4" } },
    { variant: { id: "ternary", f_decay: 0.2 } },
    { variant: { id: "ternary", f_decay: 0.2, sparsity: 0 } },
    { variant: { id: "topk", decoder_quantizer: "int9" } },
    { variant: { id: "topk", decoder_quantizer: "int4/1" } },
    { variant: { id: "topk", decoder_quantizer: "int4/lsq/64" } },
    { variant: { id: "topk", decoder_quantizer: "ternary/absmax" } },
    { variant: { id: "topk", decoder_quantizer: "residual1-ternary" } },
    { variant: { id: "topk", decoder_quantizer: "residual2-ternary/lsq" } },
    { variant: { id: "topk", preset: "reference" } },
    { variant: { id: "relu", top_k: 4 } },
    { variant: { id: "relu", p_anneal_start_fraction: 0.3 } },
    { variant: { id: "baseline", activation: "relu", k: 4 } },
    { variant: { id: "baseline", activation: "relu", top_k: 4 } },
    { variant: { id: "baseline", bandwidth: 1 } },
    { variant: { id: "topk", skip: true } },
    { variant: { id: "topk", transcoder: true, apply_b_dec_to_input: true } },
    { training: { steps: 3, epochs: 1 } },
    { training: { learning_rate: 1 } },
    { training: { ema_decay: 1 } },
    { training: { lr_schedule: "constant", lr_min_fraction: 0.1 } },
    { training: { resample_until_fraction: 0.1 } },
  ])("%j", (config) => {
    expect(problemOf(config)).toBeDefined();
    expect(valid(config)).toBe(false);
  });
});

/** Values that go together: what is left out of JSON Schema are relations between numbers. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  preset: ["default", "reference", "other"],
  d_in: [D_IN, 0],
  input_dim: [D_IN, "64"],
  d_sae: [512],
  hidden_dim: [512, null],
  k: [8, -1],
  top_k: [8, 0.5],
  aux_k: [0, 3],
  max_k: [32, 40],
  aux_k_coefficient: [0.1],
  activation: ["topk", "batch-topk", "relu", "jumprelu", "gated", "binary", "binary-topk", "binary-batch-topk", "step"],
  encoder_quantizer: ["int8", "int"],
  decoder_quantizer: ["ternary", "int1"],
  transcoder: [true, false],
  skip: [true, false],
  apply_b_dec_to_input: [true, false],
  l1_coefficient: [0, -1],
  p_end: [0.5, 1],
  p_anneal_start_fraction: [0, 1],
  l0_coefficient: [1],
  bandwidth: [0.1, 0],
  initial_threshold: [1],
  sparsity_lambda: [0.5],
  sparsity_warmup_fraction: [0, 2],
  sparsity_weights: [[1, 1], [-1]],
  n_bits: [2],
  gamma: [1.5, 0],
  abs_range: [1.5],
  polarize_lambda: [0],
  threshold: [0.5],
  sparsity: [0.5, 0, 1],
  f_decay: [1],
  mask_update_every: [1, 0],
  mask_until_fraction: [0.5, 2],
  estimator: ["annealed-sigmoid", "soft"],
  prefixes: [[0.5, 1], []],
  joint: [true, 1],
  earlier_weight: [0.5],
  other: [1],
};

describe("property", () => {
  const keys = Object.keys(VALUES);
  const given = fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 4 }).chain((chosen) =>
    fc.record(
      Object.fromEntries(
        chosen.map((key) => {
          const [good, ...others] = VALUES[key]!;
          // mostly good ones, or hardly any configuration would parse
          const one = fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, fc.constantFrom(good, ...others));
          return [key, one];
        }),
      ),
    ),
  );
  it("any few keys of any variant are valid exactly if they parse", () => {
    const ids = builtinVariants.map(({ id }) => id);
    let parsed = 0;
    fc.assert(
      fc.property(fc.constantFrom(...ids), given, (id, few) => {
        // two levels, so that as many sparsity_weights fit
        const config = { variant: { id, ...("sparsity_weights" in few ? { n_bits: 2 } : {}), ...few } };
        const problem = problemOf(config);
        if (problem === undefined) parsed++;
        expect(valid(config), `${JSON.stringify(config)}: ${problem ?? "parses"}`).toBe(problem === undefined);
      }),
      { numRuns: 5000 },
    );
    expect(parsed).toBeGreaterThan(300);
  });
});
