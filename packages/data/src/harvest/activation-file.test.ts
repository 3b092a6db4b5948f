import { decodeSafetensors, NonFiniteError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { type ActivationFile, encodeRows, fileHead } from "./activation-file.ts";

const base: ActivationFile = {
  path: "out.safetensors",
  windows: { ids: Int32Array.of(10, 11, 12, 20, 21, 22), count: 2, context: 3 },
  dropFirst: 1,
  rows: 4,
  dIn: 2,
  dtype: "float32",
  metadata: { hook: "h" },
};
// Position p of window w is [10 w + p, 0.5].
const values = Float32Array.from([0, 1, 2, 10, 11, 12].flatMap((value) => [value, 0.5]));

function decoded(file: ActivationFile): Record<string, number[]> {
  const bytes = new Uint8Array(Buffer.concat([...fileHead(file), encodeRows(file, values, 0)]));
  return Object.fromEntries(
    Object.entries(decodeSafetensors(bytes, "file").tensors).map(([name, { data }]) => [name, [...data]]),
  );
}

describe("the harvested file", () => {
  it("has a row for each kept position, its token, and the windows", () => {
    expect(decoded(base)).toEqual({
      tokens: [11, 12, 21, 22],
      windows: [10, 11, 12, 20, 21, 22],
      activations: [1, 0.5, 2, 0.5, 11, 0.5, 12, 0.5],
    });
  });

  it("keeps every position when none is dropped, and fewer rows when they are limited", () => {
    expect(decoded({ ...base, dropFirst: 0, rows: 6 })["activations"]).toEqual([...values]);
    expect(decoded({ ...base, dropFirst: 2, rows: 2 })).toMatchObject({
      tokens: [12, 22],
      activations: [2, 0.5, 12, 0.5],
    });
    expect(decoded({ ...base, rows: 3 })).toMatchObject({
      tokens: [11, 12, 21],
      activations: [1, 0.5, 2, 0.5, 11, 0.5],
    });
  });

  it("stores float16", () => {
    expect(decoded({ ...base, dtype: "float16" })["activations"]).toEqual([1, 0.5, 2, 0.5, 11, 0.5, 12, 0.5]);
  });

  it("refuses NaN and Inf, and what float16 cannot hold, naming row and column", () => {
    const with_ = (value: number): Float32Array => values.with(9, value); // position 1 of window 1: row 2
    expect(() => encodeRows(base, with_(NaN), 0)).toThrow(NonFiniteError);
    expect(() => encodeRows(base, with_(-Infinity), 0)).toThrow(
      /out\.safetensors: -Infinity in row 2, column 1 comes from the model/,
    );
    expect(() => encodeRows({ ...base, rows: 400 }, with_(NaN), 100)).toThrow(/row 102/);
    expect(() => encodeRows({ ...base, dtype: "float16" }, with_(70_000), 0)).toThrow(
      /70000 in row 2, column 1 is beyond float16 \(65504\); use dtype float32/,
    );
    expect(() => encodeRows(base, with_(70_000), 0)).not.toThrow();
  });

  it("does not look at positions that are dropped", () => {
    expect(() => encodeRows(base, values.with(0, NaN), 0)).not.toThrow();
  });
});
