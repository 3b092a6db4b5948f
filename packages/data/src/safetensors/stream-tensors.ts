/**
 * Writing `.safetensors` in pieces, for files that should not be built in memory first: the header says everything, then the
 * data of the tensors follows in its order.
 */
import { type HostTensors, UsageError } from "@qsae/runtime";

/** A tensor that is about to be written. */
export interface TensorHeader {
  readonly name: string;
  readonly dtype: "F32" | "F16" | "I32" | "U8";
  readonly shape: readonly number[];
}

const ELEMENT_BYTES = { F32: 4, F16: 2, I32: 4, U8: 1 } as const;

/**
 * Header of a file whose data are the given tensors in the given order, without gaps. Put larger element types first, so
 * that all are aligned. Padded to a multiple of 8 bytes.
 */
export function encodeSafetensorsHeader(
  tensors: readonly TensorHeader[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: [string, unknown][] = [["__metadata__", metadata]];
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const begin = end;
    end += shape.reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
    fields.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return header;
}

/** A file with the given tensors, as pieces for an atomic write. No copies are made: do not change the data meanwhile. */
export function* streamSafetensors(
  tensors: HostTensors,
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  const headers = Object.entries(tensors).map(
    ([name, { shape, data }]): TensorHeader & { readonly bytes: Uint8Array } => {
      if (shape.reduce((product, size) => product * size, 1) !== data.length) {
        throw new UsageError(`tensor "${name}" has shape [${shape.join(", ")}] but ${data.length} elements`);
      }
      const dtype = data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U8";
      return { name, dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
    },
  );
  headers.sort((a, b) => ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype] || (a.name < b.name ? -1 : 1));
  yield encodeSafetensorsHeader(headers, metadata);
  for (const { bytes } of headers) yield bytes;
}
