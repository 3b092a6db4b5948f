import { decodeSafetensors, type HostTensors, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { encodeSafetensorsHeader, streamSafetensors } from "./stream-tensors.ts";

describe("streamSafetensors", () => {
  it("writes what the runtime reads, views and empty tensors included", () => {
    const tensors: HostTensors = {
      "a b": { shape: [2, 2], data: Float32Array.of(9, 1, 2, 3, 4).subarray(1) },
      bytes: { shape: [3], data: Uint8Array.of(1, 2, 3) },
      ints: { shape: [], data: Int32Array.of(-7) },
      none: { shape: [0, 4], data: new Float32Array(0) },
    };
    const file = new Uint8Array(Buffer.concat([...streamSafetensors(tensors, { note: 'quotes " and ü' })]));
    const back = decodeSafetensors(file, "file");
    expect({ ...back.tensors }).toEqual(tensors);
    expect({ ...back.metadata }).toEqual({ note: 'quotes " and ü' });
  });

  it("aligns every tensor to its element size, whatever the order it gets them in", () => {
    const tensors: HostTensors = {
      a: { shape: [3], data: Uint8Array.of(1, 2, 3) },
      z: { shape: [1], data: Float32Array.of(1) },
    };
    const [header, first] = [...streamSafetensors(tensors, {})];
    expect(header!.byteLength % 8).toBe(0);
    expect(first!.byteLength).toBe(4);
  });

  it("refuses a shape that does not match its data", () => {
    expect(() => [...streamSafetensors({ w: { shape: [2, 2], data: new Float32Array(3) } }, {})]).toThrow(UsageError);
  });
});

describe("encodeSafetensorsHeader", () => {
  it("lays out the tensors one after another in the given order", () => {
    const header = encodeSafetensorsHeader(
      [
        { name: "t", dtype: "I32", shape: [3] },
        { name: "x", dtype: "F16", shape: [3, 2] },
      ],
      { hook: "h" },
    );
    const json: unknown = JSON.parse(new TextDecoder().decode(header.subarray(8)));
    expect(json).toEqual({
      __metadata__: { hook: "h" },
      t: { dtype: "I32", shape: [3], data_offsets: [0, 12] },
      x: { dtype: "F16", shape: [3, 2], data_offsets: [12, 24] },
    });
  });
});
