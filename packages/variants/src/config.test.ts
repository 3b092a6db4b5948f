import { describe, expect, it } from "vitest";
import { quantizersByName } from "@qsae/quantizers";
import { baseline } from "./baseline.ts";
import { canonicalKeys } from "./config.ts";
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
