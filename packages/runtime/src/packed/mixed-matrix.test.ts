/** Mixed matrices through everything that takes a packed matrix. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitrarySae } from "../../test/arbitrary-sae.ts";
import { FormatError, UsageError } from "../errors.ts";
import { loadSae } from "../sae/load-sae.ts";
import { decodeSafetensors } from "../safetensors/decode-safetensors.ts";
import { encodeSafetensors, type TensorToWrite } from "../safetensors/encode-safetensors.ts";
import { packCodes } from "./bit-packing.ts";
import { itSurvivesDamage } from "./damaged-files.fixture.ts";
import { dequantizeMatrix, dequantizeRow, rowReader } from "./dequantize.ts";
import { decodePackedSae, encodePackedSae } from "./packed-file.ts";
import { NO_PART, type CodeMatrix, type MixedMatrix, type PackedMatrix, type PackedSae } from "./schema.ts";
import { bitsPerWeight, sizeByLevel } from "./size.ts";

const cols = 5;

/** Ternary rows, the scale of row r being 2^r. */
function ternary(...rows: readonly (readonly number[])[]): CodeMatrix {
  return {
    kind: "codes",
    rows: rows.length,
    cols,
    codes: [-1, 1],
    rule: { kind: "affine" },
    planes: [
      {
        packed: packCodes(rows.flat(), rows.length, cols, [-1, 1]),
        scale: Float32Array.from(rows, (_, r) => 2 ** r),
        scaleShape: [rows.length, 1],
        scaleDtype: "F16",
      },
    ],
    quantizer: { id: "ternary", options: {} },
  };
}

/** Rows 1 and 4 float, 2 and 5 ternary, 0 and 3 in no part. */
const matrix: MixedMatrix = {
  kind: "mixed",
  rows: 6,
  cols,
  partOfRow: Uint8Array.of(NO_PART, 1, 0, NO_PART, 1, 0),
  parts: [
    ternary([1, 0, -1, 0, 1], [0, 1, 1, -1, 0]),
    { kind: "float32", rows: 2, cols, values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) },
  ],
};
const weights = [
  [0, 0, 0, 0, 0],
  [1, 2, 3, 4, 5],
  [1, 0, -1, 0, 1],
  [0, 0, 0, 0, 0],
  [6, 7, 8, 9, 10],
  [0, 2, 2, -2, 0],
];

function saeOf(encoder: PackedMatrix, dictionary: PackedMatrix): PackedSae {
  const dSae = encoder.rows;
  return {
    dIn: cols,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec: false,
        encoder,
        bEnc: new Float32Array(dSae),
        selection: { kind: "topk", k: 2, relu: true },
        dictionary,
        bDec: new Float32Array(cols),
        outputWeight: 1,
      },
    ],
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}
const sae = saeOf(matrix, matrix);
const numbers = (values: Iterable<number>) => Array.from(values, (value) => value + 0);

describe("the weights of a mixed matrix", () => {
  it("are those of its parts, row by row, and zero where no part holds a row", () => {
    expect(numbers(dequantizeMatrix(matrix))).toEqual(weights.flat());
    const out = new Float32Array(cols).fill(7);
    const read = rowReader(matrix);
    for (const row of [5, 0, 2, 1, 4, 3]) {
      dequantizeRow(matrix, row, out);
      expect(numbers(out)).toEqual(weights[row]);
      read(row, out.fill(7));
      expect(numbers(out)).toEqual(weights[row]);
    }
  });

  it("may all be zero, without any part", () => {
    const none: MixedMatrix = { ...matrix, partOfRow: new Uint8Array(6).fill(NO_PART), parts: [] };
    expect([...dequantizeMatrix(none)]).toEqual(Array<number>(30).fill(0));
    expect(decodePackedSae(encodePackedSae(saeOf(none, matrix)), "x")).toEqual(saeOf(none, matrix));
  });
});

describe("an SAE with mixed matrices", () => {
  it("computes what the SAE with their weights as floats does, for every selection", () => {
    const decoded = (m: PackedMatrix): PackedMatrix => ({
      ...{ kind: "float32", rows: m.rows, cols: m.cols },
      values: dequantizeMatrix(m),
    });
    let mixed = 0;
    fc.assert(
      fc.property(arbitrarySae(), ({ sae: any, x }) => {
        mixed += Number(any.stages.some(({ encoder }) => encoder.kind === "mixed"));
        const stages = any.stages.map((s) => ({
          ...s,
          encoder: decoded(s.encoder),
          dictionary: decoded(s.dictionary),
        }));
        const [given, float] = [loadSae(encodePackedSae(any)), loadSae({ ...any, stages })];
        expect(given.encode(x)).toEqual(float.encode(x));
        expect(given.reconstruct(x)).toEqual(float.reconstruct(x));
      }),
      { numRuns: 200 },
    );
    expect(mixed).toBeGreaterThan(20);
  });

  it("weighs codes, scales, floats and an index byte per row, over all its weights", () => {
    const bits = (8 * (6 + 2 * (1 + 2) + 4 * 10)) / 30;
    expect(bitsPerWeight(sae)).toEqual({ total: bits, encoder: bits, dictionary: bits });
  });

  it("does not count as quantized where all its parts are float", () => {
    const float: MixedMatrix = {
      ...matrix,
      partOfRow: Uint8Array.of(255, 0, 255, 255, 0, 255),
      parts: [matrix.parts[1]!],
    };
    expect(bitsPerWeight(saeOf(float, matrix)).total).toBe(bitsPerWeight(sae).dictionary);
    expect(bitsPerWeight(saeOf(float, float)).total).toBe(32);
  });

  it("is cut between its rows; parts that lose all of theirs go", () => {
    const ends = [1, 2, 3, 6];
    const sizes = sizeByLevel({ ...sae, stages: [{ ...sae.stages[0]!, prefixEnds: ends }] });
    const matrixBytes = [1, 2 + 20, 3 + 20 + 3, 6 + 40 + 6];
    expect(sizes.map(({ bytes }) => bytes)).toEqual(ends.map((end, m) => 2 * matrixBytes[m]! + 4 * end + 4 * cols));
  });
});

describe("the packed file of a mixed matrix", () => {
  it("has the index of parts and the tensors of each, and is of version 2", () => {
    const { tensors, metadata } = decodeSafetensors(encodePackedSae(sae), "x");
    expect(Object.keys(tensors).filter((name) => name.includes("encoder"))).toEqual([
      "stages.0.encoder.parts.1",
      "stages.0.encoder.parts.0.scale.0",
      "stages.0.encoder.part_of_row",
      "stages.0.encoder.parts.0.codes.0",
    ]);
    expect(metadata["qsae.format_version"]).toBe("2");
    expect(JSON.parse(metadata["qsae.sae"]!)).toMatchObject({
      stages: [{ encoder: { kind: "mixed", parts: [{ kind: "codes" }, { kind: "float32" }] } }],
    });
  });

  it("returns what was written", () => {
    expect(decodePackedSae(encodePackedSae(sae), "x")).toEqual(sae);
  });

  it("is of version 1 without mixed matrices, and read also where another writer says 2", () => {
    const plain = saeOf(matrix.parts[0]!, matrix.parts[0]!);
    const { metadata } = decodeSafetensors(encodePackedSae(plain), "x");
    expect(metadata["qsae.format_version"]).toBe("1");
    const newer = encodePackedSae(plain).slice();
    const at = new TextDecoder("latin1").decode(newer).indexOf('format_version":"1"') + 'format_version":"'.length;
    newer[at] = "2".charCodeAt(0);
    expect(decodePackedSae(newer, "x")).toEqual(plain);
  });

  function damaged(change: {
    tensors?: (t: Record<string, TensorToWrite>) => void;
    json?: (encoder: Record<string, unknown>) => void;
    version?: string;
  }): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(encodePackedSae(sae), "x");
    const written: Record<string, TensorToWrite> = { ...tensors };
    for (const name of Object.keys(written))
      if (name.includes("scale")) written[name] = { ...written[name]!, dtype: "F16" };
    change.tensors?.(written);
    const json = JSON.parse(metadata["qsae.sae"]!) as { stages: { encoder: Record<string, unknown> }[] };
    change.json?.(json.stages[0]!.encoder);
    return encodeSafetensors(written, {
      "qsae.format_version": change.version ?? "2",
      "qsae.sae": JSON.stringify(json),
    });
  }
  const index = (...parts: number[]) => ({
    tensors: (t: Record<string, TensorToWrite>) => {
      t["stages.0.encoder.part_of_row"] = { shape: [parts.length], data: Uint8Array.from(parts) };
    },
  });

  it.each<[string, Parameters<typeof damaged>[0], string]>([
    ["version 1", { version: "1" }, "mixed matrices came with format version 2; the file says 1"],
    [
      "no index",
      { tensors: (t) => delete t["stages.0.encoder.part_of_row"] },
      'tensor "stages.0.encoder.part_of_row" is missing',
    ],
    ["an index too short", index(1, 0, 255), "is [3]; expected [6]"],
    ["an index of other counts", index(0, 0, 0, 1, 1, 255), 'parts.0.codes.0" is [2, 1]; expected [3, 1]'],
    ["a part that does not exist", index(2, 1, 0, 255, 1, 0), "encoder: row 0 is in part 2; there are 2 parts"],
    ["part 254 of 2", index(254, 1, 0, 255, 1, 0), "encoder: row 0 is in part 254"],
    [
      "a part without rows",
      {
        tensors: (t) => {
          index(255, 255, 0, 255, 255, 0).tensors(t);
          t["stages.0.encoder.parts.1"] = { shape: [0, 5], data: new Float32Array() };
        },
      },
      "encoder: part 1: has no rows",
    ],
    [
      "a part too many in the file",
      { json: (m) => (m["parts"] = (m["parts"] as unknown[]).slice(0, 1)) },
      'tensor "stages.0.encoder.parts.1" has no place in a packed SAE',
    ],
    [
      "a part too many in the structure",
      { json: (m) => (m["parts"] as unknown[]).push({ kind: "float32" }) },
      'tensor "stages.0.encoder.parts.2" is missing',
    ],
    [
      "more parts than an index byte tells apart",
      { json: (m) => (m["parts"] = Array<unknown>(256).fill({ kind: "float32" })) },
      "stages.0.encoder has 256 parts; at most 255 are allowed",
    ],
    [
      "a mixed part",
      { json: (m) => ((m["parts"] as unknown[])[1] = { kind: "mixed", parts: [] }) },
      'parts[1].kind is "mixed"; expected float32, codes',
    ],
    ["parts that are no list", { json: (m) => (m["parts"] = {}) }, "encoder.parts must be an array"],
    ["no parts", { json: (m) => delete m["parts"] }, 'encoder has no "parts"'],
    [
      "an unknown field of a part",
      { json: (m) => ((m["parts"] as Record<string, unknown>[])[1]!["rows"] = 2) },
      'encoder.parts[1] has the unknown field "rows"',
    ],
    [
      "codes of a part that are none",
      { tensors: (t) => (t["stages.0.encoder.parts.0.codes.0"]!.data[1] = 255) },
      "encoder: part 0: plane 0: row 1 holds bytes that are no codes",
    ],
    [
      "a part with NaN",
      { tensors: (t) => (t["stages.0.encoder.parts.1"]!.data[9] = NaN) },
      "encoder: part 1: values is NaN at 9",
    ],
  ])("is refused with %s", (_, change, message) => {
    const read = () => decodePackedSae(damaged(change), "x.qsae.safetensors");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  itSurvivesDamage(sae);
});

describe("a mixed matrix made by hand", () => {
  it.each<[string, Partial<MixedMatrix>, string]>([
    ["an index of another length", { partOfRow: Uint8Array.of(0, 1) }, "part_of_row has 2 elements; expected 6"],
    ["another number of rows in a part", { partOfRow: Uint8Array.of(0, 1, 0, 255, 1, 0) }, "part 0: shape is [2, 5]"],
    [
      "a part of other columns",
      { parts: [matrix.parts[0]!, { kind: "float32", rows: 2, cols: 4, values: new Float32Array(8) }] },
      "part 1: shape is [2, 4]; expected [2, 5]",
    ],
    ["itself as a part", { parts: [matrix as unknown as CodeMatrix, matrix.parts[1]!] }, "part 0: is mixed itself"],
  ])("is refused with %s", (_, change, message) => {
    const write = () => encodePackedSae(saeOf({ ...matrix, ...change }, matrix));
    expect(write).toThrow(UsageError);
    expect(write).toThrow(message);
    expect(() => loadSae(saeOf({ ...matrix, ...change }, matrix))).toThrow(UsageError);
  });
});
