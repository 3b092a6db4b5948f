/** Writes safetensors files that are the same bytes for the same content, whatever order the object was built in. */
import { UsageError } from "../errors.ts";
import { elementCount, type HostData, type HostTensor } from "../host-tensor.ts";
import { SAFETENSORS_DTYPE_BYTES } from "./dtypes.ts";
import { f16Bits, roundToF16 } from "./half-precision.ts";

/** Types that are written: F32 and F16 from Float32Array, I32 and I8 from Int32Array, U8 and BOOL from Uint8Array. */
export type WrittenDtype = "F32" | "F16" | "I32" | "I8" | "U8" | "BOOL";

/** A tensor to write. `dtype` defaults to the type of its data: F32, I32 or U8. */
export type TensorToWrite = HostTensor & { readonly dtype?: WrittenDtype };

/**
 * Encodes a safetensors file. Tensors are ordered by element size (largest first, so that every one is aligned), then by
 * name; the header is padded to 8 bytes.
 *
 * @param metadata texts for `__metadata__`; default none
 * @throws UsageError if a shape does not match its data, a dtype cannot hold its values, or a name is `__metadata__`
 * @example
 * encodeSafetensors({ scale: { shape: [2, 1], data: scale, dtype: "F16" } }, { note: "rounded to half" })
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const fields: string[] = [];
  const texts = Object.keys(metadata).sort();
  if (texts.length > 0) {
    const members = texts.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    fields.push(`"__metadata__":{${members.join(",")}}`);
  }
  const parts = Object.keys(tensors).map((name) => checked(name, tensors[name]!));
  parts.sort((a, b) => b.elementBytes - a.elementBytes || (a.name < b.name ? -1 : 1));
  let dataBytes = 0;
  for (const { name, dtype, shape, bytes } of parts) {
    const entry = { dtype, shape, data_offsets: [dataBytes, dataBytes + bytes] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes += bytes;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;

  const file = new Uint8Array(8 + headerLength + dataBytes);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(json, 8);
  let at = 8 + headerLength;
  for (const part of parts) {
    writeData(file, at, part);
    at += part.bytes;
  }
  return file;
}

/** Bytes of a tensor's data in a file. */
export function tensorBytes({ data, dtype = naturalDtype(data) }: TensorToWrite): number {
  return SAFETENSORS_DTYPE_BYTES[dtype] * data.length;
}

interface Part {
  readonly name: string;
  readonly dtype: WrittenDtype;
  readonly elementBytes: number;
  readonly bytes: number;
  readonly shape: readonly number[];
  readonly data: HostData;
}

function checked(name: string, { shape, data, dtype = naturalDtype(data) }: TensorToWrite): Part {
  const fail = (problem: string): never => {
    throw new UsageError(`encodeSafetensors: tensor "${name}" ${problem}`);
  };
  if (name === "__metadata__" || name === "__proto__") fail("has a name that the format does not allow");
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || elementCount(shape) !== data.length) {
    fail(`has shape [${shape.join(", ")}] but ${data.length} elements`);
  }
  const allowed: readonly string[] = dtypesOf(data);
  if (!allowed.includes(dtype)) fail(`cannot be written as ${dtype}; its data can be ${allowed.join(" or ")}`);
  const overflow = firstOverflow(data, dtype);
  if (overflow >= 0) fail(`does not fit ${dtype}: element ${overflow} is ${data[overflow]}`);
  const elementBytes = SAFETENSORS_DTYPE_BYTES[dtype];
  return { name, dtype, elementBytes, bytes: elementBytes * data.length, shape, data };
}

function dtypesOf(data: HostData): readonly [natural: WrittenDtype, other: WrittenDtype] {
  if (data instanceof Float32Array) return ["F32", "F16"];
  return data instanceof Int32Array ? ["I32", "I8"] : ["U8", "BOOL"];
}

function naturalDtype(data: HostData): WrittenDtype {
  return dtypesOf(data)[0];
}

/** Index of the first element that the type would change beyond rounding, or -1. */
function firstOverflow(data: HostData, dtype: WrittenDtype): number {
  switch (dtype) {
    case "F16":
      return data.findIndex((value) => Number.isFinite(value) && !Number.isFinite(roundToF16(value)));
    case "I8":
      return data.findIndex((value) => value < -128 || value > 127);
    case "BOOL":
      return data.findIndex((value) => value > 1);
    default:
      return -1;
  }
}

function writeData(file: Uint8Array, at: number, { dtype, data }: Part): void {
  if (dtype === "F16") {
    const view = new DataView(file.buffer, at);
    for (let i = 0; i < data.length; i++) view.setUint16(2 * i, f16Bits(roundToF16(data[i]!)), true);
  } else if (dtype === "I8") {
    file.set(data, at); // modulo 256: two's complement
  } else {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
  }
}
