/** What variants say of their codes, against what they pack and how they train. */
import { describe, expect, it } from "vitest";
import {
  arraySource,
  normals,
  train,
  type GradientRecord,
  type QuantizedWeights,
  type StepEvent,
  type Tensor,
  type Tensors,
  type Variant,
} from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { levelTable, unpackCodes, type CodeMatrix, type HostTensors, type PackedMatrix } from "@qsae/runtime";
import { sparseData } from "../test/sparse-data.ts";
import { testBackend } from "../test/test-backend.ts";
import { baseline } from "./baseline.ts";
import { binary } from "./binary.ts";
import { binaryLatent } from "./binary-latent.ts";
import { topk } from "./field.ts";
import { quantizedMatryoshka } from "./quantized-matryoshka.ts";
import { residualQuantized } from "./residual-quantized.ts";
import { ternary } from "./ternary.ts";

const [D, F, K] = [16, 48, 4];
const SIZES = { d_in: D, d_sae: F };
const resolve = quantizersByName();
const backend = await testBackend();
const { ops } = backend;
/** -0 read as 0, which it equals as a code. */
const read = async (a: Tensor): Promise<number[]> => {
  const { data } = await ops.read(a);
  ops.dispose(a);
  return Array.from(data, (value) => value + 0);
};

/** Away from where it starts: weights of an untrained variant may lie on few codes. */
const parameters = (variant: Variant): Tensors =>
  ops.tidy(() => {
    const params = variant.init(ops, { seed: 4, center: normals(D, 0.1, 6), deviation: 4 });
    const moved = (variant.quantized ?? []).map(({ param }, i) => {
      const w = params[param]!;
      const mask = params[`${param}.mask`];
      const std = params[`${param}.log_scale`] ? 0.3 : 1;
      const noise = ops.mul(ops.tensor(normals(w.shape[0]! * w.shape[1]!, std, 8 + i), w.shape), mask ?? 1);
      return [param, ops.add(w, noise)] as const;
    });
    return { ...params, ...Object.fromEntries(moved) };
  });

const hostOf = async (params: Tensors): Promise<HostTensors> =>
  Object.fromEntries(
    await Promise.all(Object.entries(params).map(async ([name, a]) => [name, await ops.read(a)] as const)),
  );

const codesOf = (variant: Variant, param: string): QuantizedWeights =>
  variant.quantized!.find((weights) => weights.param === param)!;

/** Levels of all codes that are packed, row by row: plane after plane, stage after stage. */
async function packedLevels(variant: Variant, params: Tensors, side: "encoder" | "dictionary"): Promise<number[]> {
  const { stages } = await variant.lower(ops, await hostOf(params));
  const matrices = stages.map((stage): PackedMatrix => stage[side]) as CodeMatrix[];
  return matrices[0]!.planes.flatMap((_, plane) =>
    matrices.flatMap(({ planes, rows, cols, codes: range, rule }) => {
      const table = levelTable(rule.kind === "sum" ? rule.each : rule, range);
      return Array.from(unpackCodes(planes[plane]!.packed, rows, cols, range), (code) => table[code - range[0]]!);
    }),
  );
}

const dictionaryOf = (name: string): Variant => baseline({ ...SIZES, k: K, decoder_quantizer: name }, resolve);

describe("levels are those that are packed", () => {
  it.each([
    ...["binary", "ternary", "int3", "centered-int2", "nf3", "residual2-ternary", "residual3-binary", "int4/8"].map(
      (name) => [name, dictionaryOf(name)] as const,
    ),
    ["annealed bits", binary({ ...SIZES, k: K, n_bits: 3, estimator: "annealed-sigmoid" }, resolve)],
    ["masked ternary", ternary({ ...SIZES, k: K, sparsity: 0.5 }, resolve)],
    ["signs with a threshold", ternary({ ...SIZES, preset: "reference" }, resolve)],
    ["quantized-matryoshka", quantizedMatryoshka({ ...SIZES, k: K, n_bits: 3 }, resolve)],
    ["residual-quantized", residualQuantized({ ...SIZES, k: K, n_bits: 3 }, resolve)],
  ] as const)("of a dictionary: %s", async (_, variant) => {
    const params = parameters(variant);
    const levels = await read(ops.tidy(() => codesOf(variant, "W_dec").levels(ops, params)));
    expect(levels).toEqual(await packedLevels(variant, params, "dictionary"));
    expect(new Set(levels).size).toBeGreaterThan(1);
  });

  it.each(["ternary", "centered-int4", "residual2-ternary"])(
    "of an encoder, whose rows are latents: %s",
    async (name) => {
      const variant = baseline({ ...SIZES, k: K, encoder_quantizer: name }, resolve);
      const params = parameters(variant);
      const levels = await read(ops.tidy(() => codesOf(variant, "W_enc").levels(ops, params)));
      expect(levels).toEqual(await packedLevels(variant, params, "encoder"));
    },
  );

  it.each([
    ["quantized-matryoshka", quantizedMatryoshka({ ...SIZES, preset: "reference" }, resolve)],
    ["residual-quantized", residualQuantized({ ...SIZES, preset: "reference" }, resolve)],
  ])("of the two signs of an entry, half their sum: %s, reference preset", async (_, variant) => {
    const params = parameters(variant);
    const signs = ["W_dec", "W_dec.mirror"].map((param) =>
      read(ops.tidy(() => codesOf(variant, param).levels(ops, params))),
    );
    const [a, b] = await Promise.all(signs);
    expect(new Set(a)).toEqual(new Set([-1, 1]));
    const packed = await packedLevels(variant, params, "dictionary");
    expect(a!.map((sign, i) => (sign + b![i]!) / 2)).toEqual(packed);
  });

  it("of soft bits, hardened: least significant first, the last one negative", async () => {
    const variant = binary({ ...SIZES, k: K, n_bits: 3, preset: "reference" }, resolve);
    const params = parameters(variant);
    const soft = codesOf(variant, "W_dec.bits");
    expect(soft.rounding).toBeUndefined();
    const bits = await read(ops.tidy(() => soft.levels(ops, params)));
    const packed = await packedLevels(variant, params, "dictionary");
    const worths = [1, 2, -4];
    const levelAt = (i: number): number =>
      worths.reduce((sum, worth, b) => sum + (bits[3 * i + b]! > 0 ? worth : 0), 0);
    expect(packed.map((_, i) => levelAt(i))).toEqual(packed);
  });
});

describe("rounding", () => {
  const cases = [
    ["ternary", dictionaryOf("ternary"), "W_dec"],
    ["binary", dictionaryOf("binary"), "W_dec"],
    ["int3", dictionaryOf("int3"), "W_dec"],
    ["centred", dictionaryOf("centered-int3"), "W_dec"],
    ["a table", dictionaryOf("nf3"), "W_dec"],
    ["groups", dictionaryOf("ternary/8"), "W_dec"],
    ["two planes", dictionaryOf("residual2-ternary"), "W_dec"],
    ["an encoder", baseline({ ...SIZES, k: K, encoder_quantizer: "int4" }, resolve), "W_enc"],
    ["a mask", ternary({ ...SIZES, k: K, sparsity: 0.5 }, resolve), "W_dec"],
    ["a threshold below 1", ternary({ ...SIZES, preset: "reference" }, resolve), "W_dec"],
    ["a threshold above 1", ternary({ ...SIZES, preset: "reference", threshold: 1.7 }, resolve), "W_dec"],
    ["signs", quantizedMatryoshka({ ...SIZES, preset: "reference" }, resolve), "W_dec"],
    ["the other signs", residualQuantized({ ...SIZES, preset: "reference" }, resolve), "W_dec.mirror"],
  ] as const;

  it.each(cases)("of %s moves codes to the next one, and only those that have one", async (name, variant, param) => {
    const params = parameters(variant);
    const coded = codesOf(variant, param);
    const { rounding } = coded;
    const at = async (own: Tensors) => ({
      levels: await read(ops.tidy(() => coded.levels(ops, own))),
      rounded: await read(ops.tidy(() => rounding!.rounded(ops, own))),
      weights: await read(ops.mul(own[param]!, 1)),
    });
    const mask = params[`${param}.mask`] ? await read(ops.mul(params[`${param}.mask`]!, 1)) : undefined;
    const now = await at(params);
    // Of a sum, codes of the last plane move.
    const lastPlane = now.levels.slice(-now.rounded.length);
    const inOrder = [...new Set(lastPlane)].sort((a, b) => a - b);
    for (const by of [1, -1] as const) {
      const to = ops.tidy(() => rounding!.neighbours(ops, params, by));
      const next = await at({ ...params, [param]: to });
      ops.dispose(to);
      let moved = 0;
      next.weights.forEach((weight, i) => {
        if (weight === now.weights[i]) return expect(next.rounded[i]).toBe(now.rounded[i]);
        moved++;
        expect(Math.sign(next.rounded[i]! - now.rounded[i]!)).toBe(by);
      });
      const end = by === 1 ? inOrder.at(-1) : inOrder[0];
      const free = lastPlane.filter((level, i) => level !== end && mask?.[i] !== 0).length;
      expect(moved).toBe(free);
      expect(moved).toBeGreaterThan(0);
      if (param === "W_enc" || name === "two planes") continue; // levels of a transposed matrix, or of all planes
      next.levels.forEach((level, i) => {
        const place = inOrder.indexOf(now.levels[i]!) + (next.weights[i] === now.weights[i] ? 0 : by);
        expect(level).toBe(inOrder[place]);
      });
    }
  });

  it("is what the forward pass has: a weight on its neighbour is that neighbour", async () => {
    const variant = ternary({ ...SIZES, k: K, encoder_quantizer: "int4" }, resolve);
    const params = parameters(variant);
    const x = ops.tensor(sparseData(32, D, 2), [32, D]);
    const forward = (own: Tensors) =>
      read(ops.tidy(() => variant.forward(ops, own, { x, progress: 0 }).reconstructions[0]!));
    const before = await forward(params);
    for (const { param, rounding } of variant.quantized!) {
      const onLevels = ops.tidy(() => rounding!.rounded(ops, params));
      expect(await forward({ ...params, [param]: onLevels })).toEqual(before);
      const next = ops.tidy(() => rounding!.neighbours(ops, params, 1));
      expect(await forward({ ...params, [param]: next })).not.toEqual(before);
    }
  });
});

describe("records of a run", () => {
  const recordsOf = async (variant: Variant): Promise<Readonly<Record<string, GradientRecord>>[]> => {
    const events: StepEvent[] = [];
    await train({
      backend,
      variant,
      source: arraySource(sparseData(1024, D, 1), D),
      training: {
        steps: 22,
        batch_size: 128,
        lr: 1e-2,
        lr_warmup_steps: 0,
        gradients_every: 1,
        dead_after_tokens: 512,
      },
      reporters: [{ onStep: (event) => void events.push(event) }],
    });
    return events.map(({ gradients }) => gradients!);
  };

  it.each([
    ["topk", topk({ ...SIZES, k: K }, resolve), [], []],
    ["binary", binary({ ...SIZES, k: K }, resolve), ["W_dec"], ["W_dec"]],
    ["binary, annealed", binary({ ...SIZES, k: K, estimator: "annealed-sigmoid" }, resolve), ["W_dec"], []],
    ["binary, reference", binary({ ...SIZES, k: K, preset: "reference" }, resolve), ["W_dec.bits"], []],
    [
      "ternary, masked",
      ternary({ ...SIZES, k: K, sparsity: 0.5, mask_update_every: 4 }, resolve),
      ["W_dec"],
      ["W_dec"],
    ],
    ["ternary, reference", ternary({ ...SIZES, preset: "reference", threshold: 0.25 }, resolve), ["W_dec"], ["W_dec"]],
    [
      "binary-latent",
      binaryLatent({ ...SIZES, k: K, encoder_quantizer: "int8", decoder_quantizer: "ternary" }, resolve),
      ["W_enc", "W_dec"],
      ["W_enc", "W_dec"],
    ],
    [
      "quantized-matryoshka",
      quantizedMatryoshka({ ...SIZES, k: K, n_bits: 3, activation: "batch-topk" }, resolve),
      ["W_dec"],
      ["W_dec"],
    ],
    [
      "quantized-matryoshka, reference",
      quantizedMatryoshka({ ...SIZES, preset: "reference" }, resolve),
      ["W_dec", "W_dec.mirror"],
      ["W_dec", "W_dec.mirror"],
    ],
    [
      "residual-quantized",
      residualQuantized({ ...SIZES, k: K, n_bits: 3, encoder_quantizer: "int4" }, resolve),
      ["W_enc", "W_dec"],
      ["W_enc", "W_dec"],
    ],
    [
      "residual-quantized, reference",
      residualQuantized({ ...SIZES, preset: "reference" }, resolve),
      ["W_dec", "W_dec.mirror"],
      ["W_dec", "W_dec.mirror"],
    ],
  ] as const)("of %s", async (_, variant, coded, compared) => {
    const records = await recordsOf(variant);
    const having = (key: keyof GradientRecord) =>
      Object.keys(records[0]!).filter((name) => records.some((record) => record[name]![key] !== undefined));
    expect(having("signFlips")).toEqual(coded);
    expect(having("straightThrough")).toEqual(compared);
    expect(coded.every((name) => records.some((record) => record[name]!.changedCodes! > 0))).toBe(true);
    for (const record of records.flatMap((step) => Object.values(step))) {
      const { norm, updateRatio = 0, zeroShare, changedCodes = 0, signFlips = 0, straightThrough } = record;
      for (const value of [norm, updateRatio]) expect(value >= 0 && value < Infinity).toBe(true);
      for (const share of [zeroShare, changedCodes, signFlips]) expect(share >= 0 && share <= 1).toBe(true);
      expect(signFlips).toBeLessThanOrEqual(changedCodes);
      const { weights = 1, cosine = 0, relativeError = 0 } = straightThrough ?? {};
      expect(weights).toBeGreaterThan(0);
      expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
      expect(relativeError >= 0 && relativeError < Infinity).toBe(true);
    }
    expect(backend.fallbacks()).toEqual([]);
  });

  it("find straight through right where it is: between the levels of a fine dictionary", async () => {
    const mismatches = (await recordsOf(dictionaryOf("int6"))).flatMap(({ W_dec }) => W_dec!.straightThrough ?? []);
    expect(mismatches.length).toBe(3);
    for (const { relativeError } of mismatches) expect(relativeError).toBeLessThan(0.05);
  });
});
