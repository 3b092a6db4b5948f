import { UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { fromReference, REFERENCE_VARIANTS } from "./reference-tensors.ts";

/** Counts up from `start`, row-major. */
function ramp(start: number, ...shape: number[]): HostTensor {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => start + i) };
}

const encoder = { "encoder.0.weight": ramp(0, 3, 2), "encoder.0.bias": ramp(10, 3) }; // d_in 2, d_sae 3
const ours = { W_enc: { shape: [2, 3], data: Float32Array.of(0, 2, 4, 1, 3, 5) }, b_enc: ramp(10, 3) };
const bias = { "decoder.bias": ramp(30, 2) };

describe("fromReference", () => {
  it.each<[string, HostTensors, HostTensors]>([
    [
      "baseline",
      { ...encoder, "decoder.weight": ramp(20, 2, 3), ...bias },
      { ...ours, W_dec: { shape: [3, 2], data: Float32Array.of(20, 23, 21, 24, 22, 25) }, b_dec: ramp(30, 2) },
    ],
    [
      "binary",
      { ...encoder, "decoder.weight": ramp(20, 3, 4), ...bias },
      { ...ours, "W_dec.bits": ramp(20, 3, 4), b_dec: ramp(30, 2) },
    ],
    [
      "ternary",
      { ...encoder, "decoder.weight": ramp(20, 2, 3), "decoder.mask": ramp(40, 2, 3) },
      {
        ...ours,
        W_dec: { shape: [3, 2], data: Float32Array.of(20, 23, 21, 24, 22, 25) },
        "W_dec.mask": { shape: [3, 2], data: Float32Array.of(40, 43, 41, 44, 42, 45) },
      },
    ],
    [
      "quantized-matryoshka",
      { ...encoder, "decoder.weight": ramp(20, 3, 2), "decoder.weight_mirror": ramp(40, 3, 2), ...bias },
      { ...ours, W_dec: ramp(20, 3, 2), "W_dec.mirror": ramp(40, 3, 2), b_dec: ramp(30, 2) },
    ],
  ])("%s", (variant, given, expected) => {
    expect(fromReference(variant, given)).toEqual(expected);
  });

  it("residual-quantized: levels along d_sae, in whatever order they come; the bias of the first", () => {
    const level = (i: number, width: number): HostTensors => ({
      [`saes.${i}.encoder.0.weight`]: ramp(100 * i, width, 2),
      [`saes.${i}.encoder.0.bias`]: ramp(100 * i + 10, width),
      [`saes.${i}.decoder.weight`]: ramp(100 * i + 20, width, 2),
      [`saes.${i}.decoder.bias`]: ramp(100 * i + 30, 2),
    });
    expect(fromReference("residual-quantized", { ...level(1, 2), ...level(0, 1) })).toEqual({
      W_enc: { shape: [2, 3], data: Float32Array.of(0, 100, 102, 1, 101, 103) },
      b_enc: { shape: [3], data: Float32Array.of(10, 110, 111) },
      W_dec: { shape: [3, 2], data: Float32Array.of(20, 21, 120, 121, 122, 123) },
      b_dec: ramp(30, 2),
    });
  });

  it("takes parts", () => {
    for (const variant of REFERENCE_VARIANTS) expect(fromReference(variant, encoder)).toEqual(ours);
  });

  it.each<[string, string, HostTensors, string]>([
    [
      "a variant that it does not have",
      "topk",
      {},
      'unknown variant of the Python reference "topk"; allowed: baseline, ',
    ],
    [
      "a tensor that it does not have",
      "ternary",
      bias,
      'the reference has no tensor "decoder.bias"; it has encoder.0.weight',
    ],
    [
      "levels of another variant",
      "baseline",
      { "saes.0.encoder.0.bias": ramp(0, 1) },
      'no tensor "saes.0.encoder.0.bias"',
    ],
    [
      "a level too many",
      "residual-quantized",
      { "saes.2.decoder.bias": ramp(0, 1), "saes.0.decoder.bias": ramp(0, 1) },
      "saes.1.decoder.bias is missing",
    ],
    [
      "levels that do not join",
      "residual-quantized",
      { "saes.0.decoder.weight": ramp(0, 1, 2), "saes.1.decoder.weight": ramp(0, 1, 3) },
      "levels of decoder.weight are [1, 2], [1, 3]",
    ],
    ["a vector for a matrix", "baseline", { "decoder.weight": ramp(0, 4) }, "decoder.weight is [4]; expected a matrix"],
    ["a hostile name", "baseline", Object.fromEntries([["__proto__", ramp(0, 1)]]), 'no tensor "__proto__"'],
  ])("refuses %s", (_, variant, tensors, message) => {
    expect(() => fromReference(variant, tensors)).toThrow(UsageError);
    expect(() => fromReference(variant, tensors)).toThrow(message);
  });
});
