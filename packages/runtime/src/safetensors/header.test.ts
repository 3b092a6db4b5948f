import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { parseSafetensorsHeader, safetensorsHeaderLength } from "./header.ts";

/** A file of this header text and `dataBytes` of zeros. */
function fileOf(header: string | object, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setUint32(0, json.length, true);
  file.set(json, 8);
  return file;
}
const parse = (file: Uint8Array) => parseSafetensorsHeader(file, file.length, "a.safetensors");
const f32 = (shape: readonly number[], begin: number, end: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("parseSafetensorsHeader", () => {
  it("reads entries with offsets in the file, and the metadata", () => {
    const file = fileOf(
      { __metadata__: { note: "hi" }, b: f32([2], 4, 12), a: f32([], 0, 4), none: f32([0, 7], 4, 4) },
      12,
    );
    const { entries, metadata, headerBytes } = parse(file);
    expect(headerBytes).toBe(file.length - 12);
    expect([...entries]).toEqual([
      ["b", { dtype: "F32", shape: [2], begin: headerBytes + 4, end: file.length }],
      ["a", { dtype: "F32", shape: [], begin: headerBytes, end: headerBytes + 4 }],
      ["none", { dtype: "F32", shape: [0, 7], begin: headerBytes + 4, end: headerBytes + 4 }],
    ]);
    expect(metadata).toEqual({ note: "hi" });
    expect("toString" in metadata).toBe(false);
  });

  it("needs only the bytes of the header, padding included", () => {
    const file = fileOf(`${JSON.stringify({ a: f32([1000], 0, 4000) })}    \n`, 4000);
    const headerBytes = 8 + safetensorsHeaderLength(file.subarray(0, 8), file.length, "a");
    expect(parseSafetensorsHeader(file.subarray(0, headerBytes), file.length, "a").entries.size).toBe(1);
    expect(() => parseSafetensorsHeader(file.subarray(0, headerBytes - 1), file.length, "a")).toThrow(FormatError);
  });

  it("takes a file without tensors", () => {
    expect(parse(fileOf("{}", 0)).entries.size).toBe(0);
  });

  it.each<[string, string | object, number, string]>([
    ["data cut short", { a: f32([3], 0, 12) }, 11, 'cut short: tensor "a" ends at byte'],
    ["data left over", { a: f32([3], 0, 12) }, 13, "1 bytes at the end belong to no tensor"],
    ["a hole", { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, '4 bytes before tensor "b" belong to no tensor'],
    ["a hole at the start", { a: f32([1], 4, 8) }, 8, '4 bytes before tensor "a" belong to no tensor'],
    ["an overlap", { a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12, 'tensor "b" overlaps the one before it'],
    ["one range for two", { a: f32([2], 0, 8), b: f32([2], 0, 8) }, 8, "overlaps"],
    [
      "a range that is not the shape's",
      { a: f32([3], 0, 8) },
      8,
      'tensor "a" is F32 [3], 12 bytes, but its data_offsets [0, 8] span 8',
    ],
    ["a range backwards", { a: f32([2], 8, 0) }, 8, "data_offsets [8, 0] span -8"],
    ["a product over 2^53", { a: f32([2 ** 30, 2 ** 30], 0, 8) }, 8, "impossible shape [1073741824, 1073741824]"],
    ["an overflow before a 0", { a: f32([2 ** 50, 2 ** 50, 0], 0, 0) }, 0, "impossible shape"],
    ["a negative size", { a: f32([-1], 0, 4) }, 4, 'tensor "a" has no shape of non-negative integers'],
    ["a fraction", { a: f32([1.5], 0, 6) }, 6, "no shape of non-negative integers"],
    [
      "a text for a size",
      { a: { dtype: "F32", shape: ["1"], data_offsets: [0, 4] } },
      4,
      "no shape of non-negative integers",
    ],
    ["too many dimensions", { a: f32(Array<number>(65).fill(1), 0, 4) }, 4, "65 dimensions; at most 64"],
    ["a fractional offset", { a: f32([1], 0.5, 4.5) }, 4, "no data_offsets [begin, end]"],
    ["three offsets", { a: { dtype: "F32", shape: [1], data_offsets: [0, 4, 8] } }, 4, "no data_offsets [begin, end]"],
    [
      "an unknown dtype",
      { a: { dtype: "F4", shape: [8], data_offsets: [0, 4] } },
      4,
      'tensor "a" has the unknown dtype "F4"; known: BOOL, U8',
    ],
    [
      "an inherited name as dtype",
      { a: { dtype: "toString", shape: [8], data_offsets: [0, 4] } },
      4,
      'unknown dtype "toString"',
    ],
    ["no dtype", { a: { shape: [1], data_offsets: [0, 4] } }, 4, "has no dtype"],
    ["a tensor that is no object", { a: [1] }, 0, 'tensor "a" is not described by an object'],
    ["metadata that is not text", { __metadata__: { n: 1 } }, 0, '__metadata__ "n" must be a text'],
    ["metadata that is an array", { __metadata__: [] }, 0, "__metadata__ must be an object"],
    [
      "a name twice",
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
      'the name "a" occurs twice',
    ],
    ["deep nesting", `{"a":${"[".repeat(100_000)}`, 0, "nested more than 8 deep"],
    ["no object", "[]", 0, 'does not start with "{"'],
    ["broken JSON", '{"a":}', 0, "invalid JSON"],
  ])("refuses %s", (_, header, dataBytes, message) => {
    const read = () => parse(fileOf(header, dataBytes));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(/^a\.safetensors: /);
    expect(read).toThrow(message);
  });

  it("refuses a header that is not UTF-8", () => {
    const file = fileOf('{"a":1}', 0);
    file[10] = 0xff;
    expect(() => parse(file)).toThrow("the header is not UTF-8");
  });

  it.each([
    [Uint8Array.of(), 0, "0 bytes cannot hold"],
    [Uint8Array.of(1, 2, 3), 3, "3 bytes cannot hold"],
    [Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0), 10, "a header of 3 bytes does not fit in a file of 10 bytes"],
    [Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0), 2e9, "a header of 100000001 bytes; the format allows 100000000"],
    [new TextEncoder().encode("PK\u0003\u0004zip"), 2e9, "not a safetensors file"],
    [new Uint8Array(8).fill(0xff), 2e9, "not a safetensors file"],
  ])("refuses the start %s of a file of %d bytes", (first8, fileBytes, message) => {
    expect(() => safetensorsHeaderLength(first8, fileBytes, "a")).toThrow(message);
    expect(() => safetensorsHeaderLength(first8, fileBytes, "a")).toThrow(FormatError);
  });
});
