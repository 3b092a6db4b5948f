import { describe, expect, it } from "vitest";
import { quantizersByName } from "@qsae/quantizers";
import { baseline } from "./baseline.ts";
import { binary } from "./binary.ts";
import { binaryLatent } from "./binary-latent.ts";
import { canonicalKeys } from "./config.ts";
import { batchTopk, topk } from "./field.ts";
import { ternary } from "./ternary.ts";

const resolve = quantizersByName();

describe("the reference's key names", () => {
  it("are other names of the field's", () => {
    const variant = baseline({ input_dim: 4, hidden_dim: 8, top_k: 2 } as never, resolve);
    expect(variant.config).toMatchObject({ d_in: 4, d_sae: 8, k: 2 });
  });
  it("may stand beside them when they agree", () => {
    expect(canonicalKeys("baseline", { k: 2, top_k: 2 })).toEqual({ k: 2 });
  });
  it("are refused when they contradict them", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, k: 2, top_k: 3 } as never, resolve)).toThrow(
      "variant baseline: top_k=3 contradicts k=2; they are two names of one key, give one of them",
    );
  });
  it("are refused like the field's where they mean nothing", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, activation: "relu", top_k: 2 } as never, resolve)).toThrow(
      "activation is relu, but k belongs to topk",
    );
  });
});

describe("presets", () => {
  it("are two", () => {
    expect(() => ternary({ d_in: 4, d_sae: 8, preset: "fast" } as never, resolve)).toThrow(
      'variant ternary: preset is "fast"; allowed: "default", "reference"',
    );
  });
  it("refuse each other's keys", () => {
    expect(() => ternary({ d_in: 4, d_sae: 8, preset: "reference", aux_k: 2, k: 1 } as never, resolve)).toThrow(
      "variant ternary: preset is reference, where aux_k, k mean nothing; remove the key or use preset default",
    );
    expect(() => ternary({ d_in: 4, d_sae: 8, k: 2, threshold: 0.5 }, resolve)).toThrow(
      "variant ternary: preset is default, where threshold means nothing; remove the key or use preset reference",
    );
  });
});

describe("activations", () => {
  it("refuse each other's keys and list their own", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, activation: "relu", k: 2 }, resolve)).toThrow(
      "variant baseline: activation is relu, but k belongs to topk and batch-topk; remove the key or change activation; keys of relu: l1_coefficient, sparsity_warmup_fraction, p_end, p_anneal_start_fraction",
    );
    expect(() => ternary({ d_in: 4, d_sae: 8, activation: "gated", bandwidth: 1 }, resolve)).toThrow(
      "activation is gated, but bandwidth belongs to jumprelu",
    );
    expect(() => binaryLatent({ d_in: 4, d_sae: 8, activation: "binary-topk", sparsity_lambda: 1 }, resolve)).toThrow(
      "activation is binary-topk, but sparsity_lambda belongs to binary;",
    );
  });
  it("are fixed in the field's variants, whose only keys are their own", () => {
    expect(() => topk({ d_in: 4, d_sae: 8, bandwidth: 1 } as never, resolve)).toThrow(
      /variant topk: .*bandwidth.*keys allowed: .*decoder_quantizer, k, aux_k, aux_k_coefficient$/,
    );
    expect(topk({ d_in: 4, d_sae: 8, k: 2 }, resolve).config).not.toHaveProperty("activation");
  });
  it("leave no defaults of others in the configuration", () => {
    const { config } = baseline({ d_in: 4, d_sae: 8, activation: "jumprelu" }, resolve);
    expect(Object.keys(config)).not.toContain("k");
    expect(config).toMatchObject({ activation: "jumprelu", bandwidth: 1e-2, sparsity_warmup_fraction: 0.1 });
  });
  it("bound max_k", () => {
    expect(() => batchTopk({ d_in: 4, d_sae: 8, k: 3, max_k: 2 }, resolve)).toThrow(
      "variant batch-topk: max_k=2 is not in k=3 .. d_sae=8",
    );
  });
});

describe("sizes and quantizers", () => {
  it("name unknown keys with the allowed ones", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, topk: 3 } as never, resolve)).toThrow(
      /variant baseline: .*topk.*keys allowed: d_in, d_sae/,
    );
  });
  it("refuse k beyond the dictionary", () => {
    expect(() => ternary({ d_in: 4, d_sae: 8, k: 9 }, resolve)).toThrow(
      "variant ternary: k=9 exceeds d_sae=8; lower k or widen the dictionary",
    );
  });
  it("refuse unknown quantizers", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, k: 2, decoder_quantizer: "int99" }, resolve)).toThrow(
      'unknown quantizer "int99"; allowed:',
    );
  });
  it("refuse a dictionary quantizer where the variant decides it", () => {
    expect(() => ternary({ d_in: 4, d_sae: 8, k: 2, decoder_quantizer: "int4" } as never, resolve)).toThrow(
      'variant ternary: decoder_quantizer is "int4", but its dictionary is ternary; remove the key, or use variant baseline',
    );
    expect(() => binary({ d_in: 4, d_sae: 8, k: 2, decoder_quantizer: "int4" } as never, resolve)).toThrow(
      "its dictionary is quantized to n_bits",
    );
  });
});
