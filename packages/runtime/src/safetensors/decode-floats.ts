/**
 * Float bytes of a file, little endian and at any alignment, to float32. Works on whole tensors and on the batches of a
 * streaming reader alike. (Every engine the runtime supports is little endian, as WebAssembly is.)
 */
import { UsageError } from "../errors.ts";
import { SAFETENSORS_DTYPE_BYTES } from "./dtypes.ts";
import { f16ToF32BitsTable } from "./half-precision.ts";

export type FloatDtype = "F64" | "F32" | "F16" | "BF16";

export function isFloatDtype(dtype: string): dtype is FloatDtype {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/**
 * Decodes `bytes` into `out`, or into a new array. F64 is rounded to float32; NaN and Inf come through unchanged.
 *
 * @param out one element per number in `bytes`; a reader of batches passes the same array again
 * @returns `out`
 * @throws UsageError if `bytes` is no whole number of elements or `out` has another length
 */
export function decodeFloats(bytes: Uint8Array, dtype: FloatDtype, out?: Float32Array): Float32Array {
  const elementBytes = SAFETENSORS_DTYPE_BYTES[dtype];
  const count = bytes.length / elementBytes;
  if (!Number.isInteger(count)) {
    throw new UsageError(
      `decodeFloats: ${bytes.length} bytes are no whole number of ${dtype} (${elementBytes} bytes each)`,
    );
  }
  const floats = out ?? new Float32Array(count);
  if (floats.length !== count) {
    throw new UsageError(
      `decodeFloats: out has ${floats.length} elements; ${bytes.length} bytes of ${dtype} need ${count}`,
    );
  }
  decoders[dtype](bytes, floats);
  return floats;
}

const decoders: Readonly<Record<FloatDtype, (bytes: Uint8Array, out: Float32Array) => void>> = {
  F32: (bytes, out) => new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes),
  F64: (bytes, out) => {
    const { buffer, byteOffset } = alignedTo(8, bytes);
    out.set(new Float64Array(buffer, byteOffset, out.length));
  },
  F16: (bytes, out) => {
    const halves = asUint16(bytes, out.length);
    const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
    const table = f16ToF32BitsTable();
    for (let i = 0; i < bits.length; i++) bits[i] = table[halves[i]!]!;
  },
  BF16: (bytes, out) => {
    const halves = asUint16(bytes, out.length);
    const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < bits.length; i++) bits[i] = halves[i]! << 16;
  },
};

function asUint16(bytes: Uint8Array, count: number): Uint16Array {
  const { buffer, byteOffset } = alignedTo(2, bytes);
  return new Uint16Array(buffer, byteOffset, count);
}

/** The bytes themselves, or a copy where a typed array could not view them. */
function alignedTo(elementBytes: number, bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % elementBytes === 0 ? bytes : new Uint8Array(bytes);
}
