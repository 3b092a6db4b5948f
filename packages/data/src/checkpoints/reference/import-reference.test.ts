import { FormatError, type HostTensor, type HostTensors, NonFiniteError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { pthFixture, ramp } from "../../../test/pth-fixture.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { importSae } from "../import-sae.ts";
import { recognise } from "./recognise.ts";
import { type ImportSaeOptions, OptionsNeededError, specOf } from "./reference-options.ts";

const D = 3;
const F = 8;
const load = (name: string, options?: ImportSaeOptions): ReturnType<typeof importSae> =>
  importSae(pthFixture(name), options);
const tensor = (start: number, ...shape: number[]): HostTensor => ({
  shape,
  data: ramp(
    start,
    shape.reduce((a, b) => a * b),
  ),
});

/** Tensor whose `[i, j]` is `[j, i]` of a ramp `[columns, rows]`. */
function transposedRamp(start: number, rows: number, columns: number): HostTensor {
  const data = Float32Array.from(
    { length: rows * columns },
    (_, at) => start + ((at % columns) * rows + Math.floor(at / columns)) / 4,
  );
  return { shape: [rows, columns], data };
}

describe("importSae of the Python reference's files", () => {
  const encoder = { W_enc: transposedRamp(0, D, F), b_enc: tensor(10, F) };
  const float = { ...encoder, W_dec: transposedRamp(20, F, D), b_dec: tensor(60, D) };

  it("reads baseline, once told that it is", async () => {
    const { spec, tensors, provenance } = await load("baseline", { variant: "baseline", k: 4 });
    expect(spec).toEqual({
      variant: "baseline",
      config: { d_in: D, d_sae: F, preset: "reference", k: 4 },
    });
    expect(tensors).toEqual(float);
    expect(provenance).toMatchObject({ imported: "baseline.pth", layout: "Python reference" });
    expect(provenance["weights_sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("reads the same file as binary-latent, once told that", async () => {
    const { spec, tensors } = await load("baseline", { variant: "binary-latent" });
    expect(spec).toEqual({ variant: "binary-latent", config: { d_in: D, d_sae: F, preset: "reference" } });
    expect(tensors).toEqual(float);
  });

  it("reads names that DataParallel put a prefix before", async () => {
    expect((await load("parallel", { variant: "baseline", k: 4 })).tensors).toEqual(float);
  });

  it("reads binary: logits of every bit, bits by the shape", async () => {
    const { spec, tensors } = await load("binary", { gamma: 1.5, k: 2 });
    expect(spec).toEqual({
      variant: "binary",
      config: { d_in: D, d_sae: F, preset: "reference", n_bits: 2, gamma: 1.5, k: 2 },
    });
    expect(tensors).toEqual({ ...encoder, "W_dec.bits": tensor(20, F, D * 2), b_dec: tensor(60, D) });
  });

  it("reads ternary: weights before the threshold, and the mask", async () => {
    const { spec, tensors } = await load("ternary");
    expect(spec).toEqual({ variant: "ternary", config: { d_in: D, d_sae: F, preset: "reference" } });
    const { "W_dec.mask": mask, ...rest } = tensors;
    expect(rest).toEqual({ ...encoder, W_dec: transposedRamp(20, F, D) });
    // [D, F] in the file: element [d, f] is (8 d + f) mod 2.
    expect(mask).toEqual({
      shape: [F, D],
      data: Float32Array.from({ length: F * D }, (_, at) => Math.floor(at / D) % 2),
    });
  });

  it("reads quantized-matryoshka: both halves of the decoder", async () => {
    const { spec, tensors } = await load("quantized_matryoshka", { nBits: 4, gamma: 1.5 });
    expect(spec).toEqual({
      variant: "quantized-matryoshka",
      config: { d_in: D, d_sae: F, preset: "reference", n_bits: 4, gamma: 1.5 },
    });
    expect(tensors).toEqual({
      ...encoder,
      W_dec: tensor(20, F, D),
      "W_dec.mirror": tensor(40, F, D),
      b_dec: tensor(60, D),
    });
  });

  it("reads residual-quantized: levels one after the other along d_sae, the bias of the first", async () => {
    const { spec, tensors } = await load("residual_quantized", { gamma: 1.5 });
    expect(spec).toEqual({
      variant: "residual-quantized",
      config: { d_in: D, d_sae: 8, preset: "reference", n_bits: 3, gamma: 1.5 },
    });
    const widths = [2, 2, 4];
    const joined = (start: number, perLatent: number): Float32Array =>
      Float32Array.from(widths.flatMap((width, level) => [...ramp(100 * level + start, width * perLatent)]));
    const rows = joined(0, D); // [d_sae, d_in]
    expect(tensors).toEqual({
      W_enc: {
        shape: [D, 8],
        data: Float32Array.from({ length: D * 8 }, (_, at) => rows[(at % 8) * D + Math.floor(at / 8)]!),
      },
      b_enc: { shape: [8], data: joined(10, 1) },
      W_dec: { shape: [8, D], data: joined(20, D) },
      "W_dec.mirror": { shape: [8, D], data: joined(40, D) },
      b_dec: tensor(60, D),
    });
  });

  it("takes k of binary from its width, as the reference does", () => {
    const found = { candidates: ["binary"], dIn: 512, dSae: 32768, nBits: 8 } as const;
    expect(specOf(found, { gamma: 4 }, "f.pth").config).toMatchObject({ k: 65 });
  });

  it("refuses weights that are not finite", async () => {
    const failed = load("not_finite", { variant: "binary-latent" });
    await expect(failed).rejects.toThrow(NonFiniteError);
    await expect(failed).rejects.toThrow(/not_finite\.pth: tensor "b_dec" is NaN at element 1/);
  });

  it("lists what fits where the file does not tell", async () => {
    await expect(load("baseline")).rejects.toThrow(FormatError);
    await expect(load("baseline")).rejects.toThrow(
      /baseline\.pth: names and shapes fit baseline, binary-latent, and the file does not say which; pass \{ variant: "baseline", k: 8 \} or \{ variant: "binary-latent" \}/,
    );
  });

  it("has what would do as data too", async () => {
    const error: unknown = await load("baseline").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OptionsNeededError);
    expect(error).toMatchObject({
      problem: "names and shapes fit baseline, binary-latent, and the file does not say which",
      choices: [{ variant: "baseline", k: 8 }, { variant: "binary-latent" }],
    });
  });

  it("asks for what the file does not store", async () => {
    const refused: [string, ImportSaeOptions, RegExp][] = [
      ["baseline", { variant: "baseline" }, /baseline SAE, but does not store k; pass \{ variant: "baseline", k: 8 \}/],
      [
        "binary",
        {},
        /does not store gamma; pass \{ variant: "binary", gamma: 1\.5 \} \(files .* have gamma 4 and 8 bits\)/,
      ],
      [
        "binary",
        { gamma: 1.5 },
        /k is 0\.002 d_sae by default, which is below 1 at d_sae=8; pass \{ gamma: 1\.5, variant: "binary", k: 1 \}/,
      ],
      ["quantized_matryoshka", { gamma: 1 }, /does not store its number of bits; pass .* nBits: 4, gamma: 1 \}/],
      ["quantized_matryoshka", {}, /does not store its number of bits and gamma/],
      ["residual_quantized", {}, /does not store gamma/],
    ];
    for (const [name, options, message] of refused) {
      await expect(load(name, options)).rejects.toThrow(FormatError);
      await expect(load(name, options)).rejects.toThrow(message);
    }
  });

  it("refuses options that contradict the file", async () => {
    await expect(load("ternary", { variant: "baseline", k: 4 })).rejects.toThrow(
      /ternary\.pth: is no baseline: names and shapes fit ternary/,
    );
    await expect(load("binary", { gamma: 1, k: 1, nBits: 4 })).rejects.toThrow(/nBits=4 is given, .* those of 2 bits/);
    await expect(load("residual_quantized", { gamma: 1, nBits: 4 })).rejects.toThrow(/those of 3 bits/);
  });

  it("refuses options that are not allowed", async () => {
    const refused: [string, ImportSaeOptions, RegExp][] = [
      ["baseline", { variant: "relu" }, /unknown variant "relu"; allowed: baseline, binary, /],
      ["baseline", { variant: "baseline", k: 9 }, /k=9; allowed: a whole number in 1\.\.8/],
      ["baseline", { variant: "baseline", k: 1.5 }, /k=1\.5/],
      ["baseline", { variant: "baseline", k: 4, gamma: 1 }, /gamma means nothing to baseline/],
      ["ternary", { k: 4 }, /k means nothing to ternary; .* needs no options/],
      ["quantized_matryoshka", { nBits: 0, gamma: 1 }, /nBits=0; allowed: a whole number in 1\.\.32/],
      ["binary", { gamma: 0, k: 1 }, /gamma=0; allowed: a number above 0/],
      ["binary", { gamma: NaN, k: 1 }, /gamma=NaN/],
    ];
    for (const [name, options, message] of refused) {
      await expect(load(name, options)).rejects.toThrow(UsageError);
      await expect(load(name, options)).rejects.toThrow(message);
    }
    const folder = await temporaryFolder();
    await expect(importSae(folder, { k: 3 })).rejects.toThrow(/k can be given for \.pth and \.pt files only/);
  });

  it("says what was expected where the file is missing or something else", async () => {
    await expect(load("absent")).rejects.toThrow(
      /absent\.pth: no such file; expected an SAE .* or a state_dict of the Python/,
    );
    await expect(load("training")).rejects.toThrow(
      /training\.pth: no tensor "encoder\.0\.weight"; expected an SAE of the Python reference, here with encoder\.0\.weight, /,
    );
    await expect(load("runs_code")).rejects.toThrow(/"posix\.system" is not allowed/);
  });
});

describe("recognise", () => {
  const named = (shapes: Record<string, number[]>): HostTensors =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tensor(0, ...shape)]));
  const plain = {
    "encoder.0.weight": [F, D],
    "encoder.0.bias": [F],
    "decoder.weight": [D, F],
    "decoder.bias": [D],
  };
  const refusal =
    (shapes: Record<string, number[]>): (() => unknown) =>
    () =>
      recognise(named(shapes), "f.pth");

  it("counts binary of one bit among the candidates where d_in is d_sae", () => {
    const square = { ...plain, "encoder.0.weight": [D, D], "encoder.0.bias": [D], "decoder.weight": [D, D] };
    expect(recognise(named(square), "f.pth")).toEqual({
      candidates: ["baseline", "binary-latent", "binary"],
      dIn: D,
      dSae: D,
      nBits: 1,
    });
  });

  it("names the tensor that is missing, misshapen or too much", () => {
    const { "decoder.bias": _, ...without } = plain;
    expect(refusal(without)).toThrow(/no tensor "decoder\.bias"/);
    expect(refusal({ ...plain, extra: [1] })).toThrow(/tensor "extra" does not belong/);
    expect(refusal({ ...plain, "encoder.0.bias": [D] })).toThrow(
      /"encoder\.0\.bias" is float \[3\]; expected float \[8\]/,
    );
    expect(refusal({ ...plain, "encoder.0.weight": [F] })).toThrow(
      /"encoder\.0\.weight" is \[8\]; expected \[d_sae, d_in\]/,
    );
    expect(refusal({ ...plain, "decoder.weight": [F, 4] })).toThrow(
      /"decoder\.weight" is \[8, 4\]; expected \[3, 8\] \(baseline, binary-latent\) or \[8, 3 n\] \(binary\)/,
    );
    const integers = { ...named(plain), "decoder.bias": { shape: [D], data: new Int32Array(D) } };
    expect(() => recognise(integers, "f.pth")).toThrow(/"decoder\.bias" is integer \[3\]; expected float \[3\]/);
  });

  it("checks each level of residual-quantized", () => {
    const level = (i: number, dIn: number): Record<string, number[]> => ({
      [`saes.${i}.encoder.0.weight`]: [2, dIn],
      [`saes.${i}.encoder.0.bias`]: [2],
      [`saes.${i}.decoder.weight`]: [2, dIn],
      [`saes.${i}.decoder.weight_mirror`]: [2, dIn],
      [`saes.${i}.decoder.bias`]: [dIn],
    });
    expect(refusal({ ...level(0, D), ...level(2, D) })).toThrow(/tensor "saes\.2\.encoder\.0\.weight" does not belong/);
    expect(refusal(level(1, D))).toThrow(/does not belong; expected saes\.0/);
    expect(refusal({ ...level(0, D), ...level(1, 4) })).toThrow(/saes\.1 is for activations of width 4, saes\.0 for 3/);
    expect(refusal({ ...level(0, D), "saes.0.decoder.bias": [4] })).toThrow(
      /tensor "saes\.0\.decoder\.bias" is float \[4\]/,
    );
  });
});
