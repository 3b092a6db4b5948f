/** Tensors of a safetensors file taken by name, type and shape; a closed file has none that nobody takes. */
import { decodeFloats } from "../safetensors/decode-floats.ts";
import type { SafetensorsDtype } from "../safetensors/dtypes.ts";
import type { SafetensorsEntry, SafetensorsHeader } from "../safetensors/header.ts";
import type { Fail } from "../strict-json.ts";
import type { CodePlane } from "./schema.ts";

export interface TensorSource {
  /** F32 */
  floats(name: string, shape: readonly number[]): Float32Array;
  /** U8 */
  bytes(name: string, shape: readonly number[]): Uint8Array;
  /** I8 */
  signs(name: string, shape: readonly number[]): Int8Array;
  /** F16 or F32, of any two-dimensional shape. */
  scale(name: string): Pick<CodePlane, "scale" | "scaleShape" | "scaleDtype">;
  /** Refuses tensors that were not taken. */
  end(): void;
  fail: Fail;
}

/** Copies what is taken: the file's memory may be reused afterwards. */
export function tensorSource(file: Uint8Array, { entries }: SafetensorsHeader, fail: Fail): TensorSource {
  // Node's Buffer is a Uint8Array whose `slice` copies nothing.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
  const taken = new Set<string>();
  const find = (name: string, dtypes: readonly SafetensorsDtype[]): SafetensorsEntry => {
    taken.add(name);
    const entry = entries.get(name) ?? fail(`tensor "${name}" is missing`);
    if (!dtypes.includes(entry.dtype)) fail(`tensor "${name}" is ${entry.dtype}; expected ${dtypes.join(" or ")}`);
    return entry;
  };
  const take = (name: string, dtype: SafetensorsDtype, shape: readonly number[]): Uint8Array => {
    const entry = find(name, [dtype]);
    if (entry.shape.length !== shape.length || !entry.shape.every((size, axis) => size === shape[axis])) {
      fail(`tensor "${name}" is [${entry.shape.join(", ")}]; expected [${shape.join(", ")}]`);
    }
    return bytes.subarray(entry.begin, entry.end);
  };
  return {
    floats: (name, shape) => decodeFloats(take(name, "F32", shape), "F32"),
    bytes: (name, shape) => take(name, "U8", shape).slice(),
    signs: (name, shape) => new Int8Array(take(name, "I8", shape).slice().buffer),
    scale: (name) => {
      const { dtype, shape, begin, end } = find(name, ["F16", "F32"]);
      const [scaleRows, groups, ...more] = shape;
      if (scaleRows === undefined || groups === undefined || more.length > 0) {
        return fail(`tensor "${name}" is [${shape.join(", ")}]; expected two dimensions`);
      }
      const scaleDtype = dtype === "F16" ? "F16" : "F32";
      return {
        scale: decodeFloats(bytes.subarray(begin, end), scaleDtype),
        scaleShape: [scaleRows, groups],
        scaleDtype,
      };
    },
    end: () => {
      for (const name of entries.keys()) if (!taken.has(name)) fail(`tensor "${name}" has no place in a packed SAE`);
    },
    fail,
  };
}
