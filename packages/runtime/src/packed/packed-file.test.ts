import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitrarySae } from "../../test/arbitrary-sae.ts";
import { FormatError, UsageError } from "../errors.ts";
import type { HostTensor } from "../host-tensor.ts";
import { decodeSafetensors } from "../safetensors/decode-safetensors.ts";
import { encodeSafetensors, type TensorToWrite } from "../safetensors/encode-safetensors.ts";
import { packCodes } from "./bit-packing.ts";
import { itSurvivesDamage } from "./damaged-files.fixture.ts";
import { decodePackedSae, encodePackedSae } from "./packed-file.ts";
import type { CodeMatrix, PackedSae } from "./schema.ts";

/** Two stages that between them have every optional part of the schema. */
function example(): PackedSae {
  const ternary: CodeMatrix = {
    kind: "codes",
    rows: 3,
    cols: 4,
    codes: [-1, 1],
    rule: { kind: "affine" },
    planes: [
      {
        packed: packCodes([1, 0, -1, 0, 0, 1, 1, 1, -1, -1, 0, 0], 3, 4, [-1, 1]),
        scale: Float32Array.of(0.5, 1, 2),
        scaleShape: [3, 1],
        scaleDtype: "F16",
      },
    ],
    quantizer: { id: "ternary", options: { epsilon: 1e-8 } },
  };
  const stack: CodeMatrix = {
    kind: "codes",
    rows: 2,
    cols: 4,
    codes: [0, 1],
    rule: { kind: "sum", planes: 2, each: { kind: "table", levels: [-1, 1] } },
    planes: [0.1, 0.3].map((scale) => ({
      packed: packCodes([1, 0, 1, 0, 0, 0, 1, 1], 2, 4, [0, 1]),
      scale: Float32Array.of(scale, 2 * scale),
      scaleShape: [1, 2],
      scaleDtype: "F32",
    })),
    quantizer: { id: "residual", options: { inner: "binary", planes: 2, exact: true } },
  };
  return {
    dIn: 4,
    inputScale: 0.5,
    rotation: { kind: "hadamard", signs: Int8Array.of(1, -1, -1, 1) },
    skip: Float32Array.from({ length: 16 }, (_, i) => i / 8),
    stages: [
      {
        dSae: 3,
        input: { kind: "x" },
        subtractBDec: true,
        encoder: ternary,
        bEnc: Float32Array.of(0.1, 0.2, 0.3),
        selection: { kind: "topk", k: 2, relu: true },
        dictionary: ternary,
        bDec: Float32Array.of(1, 2, 3, 4),
        outputWeight: 1,
        prefixEnds: [1, 3],
      },
      {
        dSae: 2,
        input: { kind: "residual", factor: 2 },
        subtractBDec: false,
        encoder: { kind: "float32", rows: 2, cols: 4, values: Float32Array.of(1, 2, 3, 4, -1, -2, -3, -4) },
        bEnc: Float32Array.of(0, -1),
        selection: { kind: "gate", magScale: Float32Array.of(1, 2), magBias: Float32Array.of(0, 0.5) },
        dictionary: stack,
        bDec: new Float32Array(4),
        outputWeight: 0.5,
      },
    ],
    description: {
      variant: "example",
      config: { d_in: 4, "per-stage": [{ k: 2 }, null], text: 'quote " and \u2028' },
      provenance: { data: "made up" },
      metrics: { fvu: 0.25 },
    },
  };
}

/** The example's file with its JSON, tensors or metadata changed. */
function damaged(change: {
  /** Path of a field of the JSON, and its new value. */
  set?: readonly [path: string, value: unknown];
  tensors?: (t: Record<string, TensorToWrite>) => void;
  metadata?: (m: Record<string, string>) => void;
}): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodePackedSae(example()), "example");
  const json: unknown = JSON.parse(metadata["qsae.sae"]!);
  if (change.set) {
    const names = change.set[0].split(".");
    const last = names.pop()!;
    const parent = names.reduce((object, name) => (object as Record<string, unknown>)[name], json);
    (parent as Record<string, unknown>)[last] = change.set[1];
  }
  const written: Record<string, TensorToWrite> = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]: [string, HostTensor]) => {
      if (name === "rotation.signs") return [name, { ...tensor, dtype: "I8" as const }];
      return [
        name,
        name.includes("scale.0") && !name.startsWith("stages.1") ? { ...tensor, dtype: "F16" as const } : tensor,
      ];
    }),
  );
  change.tensors?.(written);
  const texts: Record<string, string> = { ...metadata, "qsae.sae": JSON.stringify(json) };
  change.metadata?.(texts);
  return encodeSafetensors(written, texts);
}

describe("the packed file", () => {
  it("returns what was written", () => {
    expect(decodePackedSae(encodePackedSae(example()), "x")).toEqual(example());
    fc.assert(
      fc.property(arbitrarySae(), ({ sae }) => {
        expect(decodePackedSae(encodePackedSae(sae), "x")).toEqual(sae);
      }),
    );
  });

  it("is a safetensors file with a documented layout", () => {
    const { tensors, metadata } = decodeSafetensors(encodePackedSae(example()), "x");
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toEqual({
      "rotation.signs": [4],
      skip: [4, 4],
      "stages.0.encoder.codes.0": [3, 1],
      "stages.0.encoder.scale.0": [3, 1],
      "stages.0.dictionary.codes.0": [3, 1],
      "stages.0.dictionary.scale.0": [3, 1],
      "stages.0.b_enc": [3],
      "stages.0.b_dec": [4],
      "stages.1.encoder": [2, 4],
      "stages.1.dictionary.codes.0": [2, 1],
      "stages.1.dictionary.scale.0": [1, 2],
      "stages.1.dictionary.codes.1": [2, 1],
      "stages.1.dictionary.scale.1": [1, 2],
      "stages.1.b_enc": [2],
      "stages.1.b_dec": [4],
      "stages.1.mag_scale": [2],
      "stages.1.mag_bias": [2],
    });
    expect(metadata["qsae.format_version"]).toBe("1");
    expect(JSON.parse(metadata["qsae.sae"]!)).toMatchObject({
      d_in: 4,
      input_scale: 0.5,
      rotation: "hadamard",
      skip: true,
      stages: [
        {
          d_sae: 3,
          subtract_b_dec: true,
          selection: { kind: "topk", k: 2, relu: true },
          prefix_ends: [1, 3],
          output_weight: 1,
        },
        { d_sae: 2, input: { kind: "residual", factor: 2 }, selection: { kind: "gate" }, encoder: { kind: "float32" } },
      ],
      description: { variant: "example", metrics: { fvu: 0.25 } },
    });
  });

  it("has k switches per token where there is a k, and any number where not", () => {
    for (const selection of [{ kind: "sign", k: 2 }, { kind: "sign" }] as const) {
      const sae = { ...example(), stages: example().stages.map((stage) => ({ ...stage, selection })) };
      const bytes = encodePackedSae(sae);
      expect(decodePackedSae(bytes, "x")).toEqual(sae);
      expect(JSON.parse(decodeSafetensors(bytes, "x").metadata["qsae.sae"]!)).toMatchObject({
        stages: [{ selection }, {}],
      });
    }
  });

  it("is read from any view of memory, a Buffer at an odd offset too, and copied out of it", () => {
    const file = encodePackedSae(example());
    const memory = Buffer.alloc(file.length + 16, 0xff);
    const view = memory.subarray(3, 3 + file.length);
    view.set(file);
    const sae = decodePackedSae(view, "x");
    memory.fill(0xff);
    expect(sae).toEqual(example());
  });

  it("is the same bytes for the same SAE", () => {
    expect(encodePackedSae(example())).toEqual(encodePackedSae(decodePackedSae(encodePackedSae(example()), "x")));
  });

  it("keeps every kind of optional part absent where it is absent", () => {
    const { skip: _skip, rotation: _rotation, inputScale: _inputScale, ...plain } = example();
    expect(Object.keys(decodePackedSae(encodePackedSae(plain), "x")).sort()).toEqual(["dIn", "description", "stages"]);
  });
});

describe("decodePackedSae", () => {
  it("refuses other safetensors files with what it expected", () => {
    const foreign = encodeSafetensors({ W_enc: { shape: [1], data: new Float32Array(1) } });
    expect(() => decodePackedSae(foreign, "sae.safetensors")).toThrow(
      'sae.safetensors: a safetensors file, but not a packed SAE (its __metadata__ has no "qsae.format_version"; its tensors: W_enc). ' +
        "Expected a .qsae.safetensors file; SAEs of other makers must be imported and packed first",
    );
    expect(() => decodePackedSae(new TextEncoder().encode("hello, world"), "x")).toThrow("not a safetensors file");
  });

  it.each([
    ["3", 'packed format version "3" is unknown; this runtime reads 1 and 2'],
    ["0", 'packed format version "0" is unknown'],
    ["01", 'packed format version "01" is unknown'],
  ])("refuses version %s", (version, message) => {
    expect(() => decodePackedSae(damaged({ metadata: (m) => (m["qsae.format_version"] = version) }), "x")).toThrow(
      message,
    );
  });

  it.each<[string, Parameters<typeof damaged>[0], string]>([
    ["no structure", { metadata: (m) => delete m["qsae.sae"] }, 'its __metadata__ has no "qsae.sae"'],
    ["a broken structure", { metadata: (m) => (m["qsae.sae"] = "{") }, "invalid JSON"],
    [
      "a repeated field",
      { metadata: (m) => (m["qsae.sae"] = m["qsae.sae"]!.replace("{", '{"d_in":4,')) },
      'the name "d_in" occurs twice',
    ],
    ["deep nesting", { metadata: (m) => (m["qsae.sae"] = "[".repeat(99)) }, "nested more than 34 deep"],
    ["an array for a structure", { metadata: (m) => (m["qsae.sae"] = "[]") }, "qsae.sae must be an object"],
    [
      "an unknown field",
      { set: ["stages.0.noise", 1] },
      'qsae.sae.stages[0] has the unknown field "noise"; known: prefix_ends, d_sae',
    ],
    ["a missing field", { set: ["stages.1.output_weight", undefined] }, 'qsae.sae.stages[1] has no "output_weight"'],
    ["a text for a number", { set: ["d_in", "4"] }, "qsae.sae.d_in must be a number"],
    ["a number for a flag", { set: ["skip", 1] }, "qsae.sae.skip must be true or false"],
    ["a number for a text", { set: ["description.provenance.data", 1] }, "description.provenance.data must be a text"],
    [
      "an object for an option",
      { set: ["stages.0.encoder.quantizer.options.epsilon", {}] },
      "options.epsilon must be a number, a text, true or false",
    ],
    [
      "an unknown selection",
      { set: ["stages.0.selection.kind", "softmax"] },
      'selection.kind is "softmax"; expected topk, threshold, sign, gate',
    ],
    [
      "an unknown rule",
      { set: ["stages.0.encoder.rule.kind", "log"] },
      'rule.kind is "log"; expected affine, table, sum',
    ],
    [
      "a nested sum",
      { set: ["stages.1.dictionary.rule.each.kind", "sum"] },
      'rule.each.kind is "sum"; expected affine, table',
    ],
    ["an unknown rotation", { set: ["rotation", "givens"] }, 'rotation is "givens"; expected hadamard'],
    ["three ends of a range", { set: ["stages.0.encoder.codes", [-1, 0, 1]] }, "encoder.codes must be [min, max]"],

    [
      "no stages",
      {
        set: ["stages", []],
        tensors: (t) => Object.keys(t).forEach((name) => name.startsWith("stages") && delete t[name]),
      },
      "number of stages is 0; expected an integer in 1..64",
    ],
    ["another d_in", { set: ["d_in", 8] }, "expected [3, 2]"],
    ["a fractional d_in", { set: ["d_in", 4.5] }, "expected [4.5]"],
    ["an immense d_sae", { set: ["stages.0.d_sae", 1e15] }, "expected [1000000000000000, 1]"],
    ["a scale of 0", { set: ["input_scale", 0] }, "input_scale is 0"],
    [
      "an infinite weight",
      { metadata: (m) => (m["qsae.sae"] = m["qsae.sae"]!.replace('"output_weight":0.5', '"output_weight":1e999')) },
      "stage 1: output_weight is Infinity",
    ],
    ["k over d_sae", { set: ["stages.0.selection.k", 4] }, "stage 0: k is 4; expected an integer in 1..3"],
    ["k of 0", { set: ["stages.0.selection.k", 0] }, "stage 0: k is 0"],
    [
      "no switches",
      { set: ["stages.0.selection", { kind: "sign", k: 0 }] },
      "stage 0: k is 0; expected an integer in 1..3",
    ],
    [
      "more switches than latents",
      { set: ["stages.0.selection", { kind: "sign", k: 4 }] },
      "stage 0: k is 4; expected an integer in 1..3",
    ],
    [
      "half a switch",
      { set: ["stages.0.selection", { kind: "sign", k: 1.5 }] },
      "stage 0: k is 1.5; expected an integer in 1..3",
    ],
    ["a negative number of switches", { set: ["stages.0.selection", { kind: "sign", k: -1 }] }, "stage 0: k is -1"],
    [
      "a text for the number of switches",
      { set: ["stages.0.selection", { kind: "sign", k: "2" }] },
      "selection.k must be a number",
    ],
    [
      "a value for switches",
      { set: ["stages.0.selection", { kind: "sign", relu: true }] },
      'selection has the unknown field "relu"',
    ],
    [
      "k of a threshold",
      { set: ["stages.0.selection", { kind: "threshold", k: 2 }] },
      'selection has the unknown field "k"',
    ],
    [
      "a first stage that reads a residual",
      { set: ["stages.0.input", { kind: "residual", factor: 1 }] },
      "stage 0: the first stage has no residual to read",
    ],
    [
      "prefixes that descend",
      { set: ["stages.0.prefix_ends", [2, 1, 3]] },
      "prefix_ends must be integers that ascend to d_sae = 3, not [2, 1, 3]",
    ],
    ["prefixes that end early", { set: ["stages.0.prefix_ends", [1, 2]] }, "ascend to d_sae = 3"],
    ["no prefixes", { set: ["stages.0.prefix_ends", []] }, "ascend to d_sae = 3"],
    [
      "an immense number of planes",
      { set: ["stages.1.dictionary.rule.planes", 1e12] },
      'tensor "stages.1.dictionary.codes.2" is missing',
    ],
    ["half a plane", { set: ["stages.1.dictionary.rule.planes", 1.5] }, "planes of the rule is 1.5"],
    ["a plane too few", { set: ["stages.1.dictionary.rule.planes", 1] }, "has no place in a packed SAE"],
    [
      "a table too short",
      { set: ["stages.1.dictionary.rule.each.levels", [1]] },
      "dictionary: rule: levels has 1 elements; expected 2",
    ],
    ["an immense offset", { set: ["stages.0.encoder.rule.offset", 1e300] }, "offset is Infinity"],
    [
      "a range of one code",
      { set: ["stages.0.encoder.codes", [1, 1]] },
      "stages.0.encoder has codes [1, 1]: expected integers min < max",
    ],
    ["a range of other width", { set: ["stages.0.encoder.codes", [0, 255]] }, "expected [3, 4]"],
    ["scales times levels over float32", { set: ["stages.0.encoder.rule.offset", 2e38] }, "more than a float32 holds"],
    ["a quantizer without a name", { set: ["stages.0.encoder.quantizer.id", ""] }, "quantizer has no id"],

    ["a tensor missing", { tensors: (t) => delete t["stages.1.mag_bias"] }, 'tensor "stages.1.mag_bias" is missing'],
    [
      "a tensor too many",
      { tensors: (t) => (t["more"] = { shape: [1], data: Uint8Array.of(1) }) },
      'tensor "more" has no place in a packed SAE',
    ],
    [
      "a tensor of another shape",
      { tensors: (t) => (t["stages.0.b_enc"] = { shape: [1, 3], data: new Float32Array(3) }) },
      'tensor "stages.0.b_enc" is [1, 3]; expected [3]',
    ],
    [
      "a tensor of another type",
      { tensors: (t) => (t["stages.0.b_enc"] = { shape: [3], data: new Int32Array(3) }) },
      'tensor "stages.0.b_enc" is I32; expected F32',
    ],
    [
      "a scale of one dimension",
      { tensors: (t) => (t["stages.0.encoder.scale.0"] = { shape: [3], data: new Float32Array(3) }) },
      'tensor "stages.0.encoder.scale.0" is [3]; expected two dimensions',
    ],
    [
      "a scale for too many rows",
      { tensors: (t) => (t["stages.0.encoder.scale.0"] = { shape: [2, 1], data: new Float32Array(2) }) },
      "encoder: plane 0: scale has 2 rows; expected 3 or 1",
    ],
    [
      "groups that do not divide",
      { tensors: (t) => (t["stages.0.encoder.scale.0"] = { shape: [1, 3], data: new Float32Array(3) }) },
      "scale has 3 groups; expected a divisor of 4",
    ],
    [
      "no groups",
      { tensors: (t) => (t["stages.0.encoder.scale.0"] = { shape: [3, 0], data: new Float32Array() }) },
      "scale has 0 groups",
    ],
    ["a scale that is NaN", { tensors: (t) => (t["stages.0.encoder.scale.0"]!.data[1] = NaN) }, "scale is NaN at 1"],
    [
      "a bias that is infinite",
      { tensors: (t) => (t["stages.1.b_dec"]!.data[2] = Infinity) },
      "stage 1: b_dec is Infinity at 2",
    ],
    ["a weight that is NaN", { tensors: (t) => (t["stages.1.encoder"]!.data[7] = NaN) }, "values is NaN at 7"],
    ["a skip that is NaN", { tensors: (t) => (t["skip"]!.data[0] = NaN) }, "skip is NaN at 0"],
    ["a gate that is NaN", { tensors: (t) => (t["stages.1.mag_scale"]!.data[0] = NaN) }, "mag_scale is NaN at 0"],
    ["a sign of 0", { tensors: (t) => (t["rotation.signs"]!.data[2] = 0) }, "rotation has signs other than -1 and 1"],
    [
      "a byte that is no codes",
      { tensors: (t) => (t["stages.0.encoder.codes.0"]!.data[1] = 243) },
      "plane 0: row 1 holds bytes that are no codes in -1..1",
    ],
  ])("refuses %s", (_, change, message) => {
    const read = () => decodePackedSae(damaged(change), "x.qsae.safetensors");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(/^x\.qsae\.safetensors: /);
    expect(read).toThrow(message);
  });

  it("refuses a hadamard rotation of a width that is no power of two", () => {
    const { inputScale, description } = example();
    const values = new Float32Array(3);
    const sae = {
      ...{ dIn: 3, inputScale, description },
      rotation: { kind: "hadamard", signs: Int8Array.of(1, 1, 1) },
      stages: [
        {
          ...example().stages[1]!,
          dSae: 1,
          input: { kind: "x" },
          bEnc: new Float32Array(1),
          bDec: values,
          selection: { kind: "sign" },
          encoder: { kind: "float32", rows: 1, cols: 3, values },
          dictionary: { kind: "float32", rows: 1, cols: 3, values },
        },
      ],
    } as PackedSae;
    expect(() => encodePackedSae(sae)).toThrow("a hadamard rotation needs a power of two as d_in, not 3");
  });

  itSurvivesDamage(example());
});

describe("encodePackedSae", () => {
  const first = example().stages[0]!;
  it.each<[string, Partial<PackedSae>, string]>([
    [
      "a config that is no JSON",
      { description: { ...example().description, config: { f: () => 1 } } },
      "description: config is not plain JSON",
    ],
    [
      "a config with NaN",
      { description: { ...example().description, config: { a: [NaN] } } },
      "description: config is not plain JSON with finite numbers",
    ],
    [
      "a metric that is NaN",
      { description: { ...example().description, metrics: { fvu: NaN } } },
      'description: metric "fvu" is NaN',
    ],
    [
      "a bias of another length",
      { stages: [{ ...first, bDec: new Float32Array(3) }] },
      "stage 0: b_dec has 3 elements; expected 4",
    ],
    [
      "signs of another length",
      { rotation: { kind: "hadamard", signs: new Int8Array(3) } },
      "rotation has 3 signs; expected 4",
    ],
    [
      "F16 scales that are not rounded",
      {
        stages: [
          {
            ...first,
            encoder: {
              ...(first.encoder as CodeMatrix),
              planes: [{ ...(first.encoder as CodeMatrix).planes[0]!, scale: Float32Array.of(0.1, 1, 1) }],
            },
          },
        ],
      },
      "is stored as F16 but is no float16; round it first (roundToF16)",
    ],
    [
      "a matrix of another shape",
      { stages: [{ ...first, encoder: { kind: "float32", rows: 4, cols: 3, values: new Float32Array(12) } }] },
      "encoder: shape is [4, 3]; expected [3, 4] ([d_sae, d_in])",
    ],
    [
      "fields that the format does not have",
      { stages: [{ ...first, input: { kind: "x", gain: 2 } as PackedSae["stages"][0]["input"] }] },
      'input has the unknown field "gain"',
    ],
  ])("refuses %s", (_, change, message) => {
    const write = () => encodePackedSae({ ...example(), ...change });
    expect(write).toThrow(UsageError);
    expect(write).toThrow(message);
  });

  it("refuses a config that nests without end", () => {
    const config: Record<string, unknown> = {};
    config["self"] = config;
    expect(() => encodePackedSae({ ...example(), description: { ...example().description, config } })).toThrow(
      UsageError,
    );
  });
});
