/** Tensors of a safetensors file in memory, and the one table of how each stored type becomes a typed array of ours. */
import { FormatError } from "../errors.ts";
import type { HostData, HostTensor, HostTensors } from "../host-tensor.ts";
import { decodeFloats, isFloatDtype } from "./decode-floats.ts";
import type { SafetensorsDtype } from "./dtypes.ts";
import { parseSafetensorsHeader } from "./header.ts";

/**
 * Decodes a whole file. F64, F32, F16, BF16 become Float32Array; I64, U64, U32 (range checked), I32, I16, U16, I8 become
 * Int32Array; U8 and BOOL become Uint8Array.
 *
 * @param source what errors call the file
 * @returns copies of the data; both records have no prototype, so any name can be looked up
 * @throws FormatError on a damaged file, an integer outside int32, or a type without a typed array (F8_*)
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  source: string,
): { readonly tensors: HostTensors; readonly metadata: Readonly<Record<string, string>> } {
  const { entries, metadata } = parseSafetensorsHeader(bytes, bytes.length, source);
  const tensors: Record<string, HostTensor> = Object.create(null) as Record<string, HostTensor>;
  for (const [name, { dtype, shape, begin, end }] of entries) {
    tensors[name] = {
      shape,
      data: decodeSafetensorsData(bytes.subarray(begin, end), dtype, `${source}: tensor "${name}"`),
    };
  }
  return { tensors, metadata };
}

/**
 * Decodes the bytes of one tensor (for readers that take single tensors out of a large file).
 *
 * @param source what errors call the tensor
 * @throws FormatError as {@link decodeSafetensors}
 */
export function decodeSafetensorsData(bytes: Uint8Array, dtype: SafetensorsDtype, source: string): HostData {
  if (isFloatDtype(dtype)) return decodeFloats(bytes, dtype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (dtype) {
    case "U8":
    case "BOOL":
      return new Uint8Array(bytes);
    case "I8":
      return Int32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    case "I16":
      return readInts(bytes.length / 2, (i) => view.getInt16(2 * i, true));
    case "U16":
      return readInts(bytes.length / 2, (i) => view.getUint16(2 * i, true));
    case "I32":
      return readInts(bytes.length / 4, (i) => view.getInt32(4 * i, true));
    case "U32":
      return readInts(bytes.length / 4, (i) => inRange(BigInt(view.getUint32(4 * i, true)), i, source));
    case "I64":
      return readInts(bytes.length / 8, (i) => {
        const low = view.getInt32(8 * i, true);
        // Sign extension of the low word: the usual case, without a BigInt.
        return view.getInt32(8 * i + 4, true) === low >> 31 ? low : inRange(view.getBigInt64(8 * i, true), i, source);
      });
    case "U64":
      return readInts(bytes.length / 8, (i) => inRange(view.getBigUint64(8 * i, true), i, source));
    default:
      throw new FormatError(source, `is ${dtype}, which is not read; convert it to F32, F16 or BF16`);
  }
}

function readInts(count: number, read: (index: number) => number): Int32Array {
  const ints = new Int32Array(count);
  for (let i = 0; i < count; i++) ints[i] = read(i);
  return ints;
}

function inRange(value: bigint, index: number, source: string): number {
  if (value < -0x8000_0000n || value > 0x7fff_ffffn) {
    throw new FormatError(source, `element ${index} is ${value}, outside the range of int32`);
  }
  return Number(value);
}
