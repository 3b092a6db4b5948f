export interface NpyOptions {
  readonly descr?: string;
  readonly fortranOrder?: boolean;
  readonly version?: 1 | 2 | 3;
}

/** A `.npy` file as NumPy writes it: header padded with spaces to a multiple of 64, closed by a newline. */
export function npy(shape: readonly number[], data: ArrayBufferView, options: NpyOptions = {}): Uint8Array {
  const { descr = "<f4", fortranOrder = false, version = 1 } = options;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': ${tuple}, }`;
  const start = version === 1 ? 10 : 12;
  const length = Math.ceil((start + dict.length + 1) / 64) * 64 - start;
  const header = Buffer.alloc(start + length, " ");
  header.write("\x93NUMPY", "latin1");
  header.writeUInt8(version, 6);
  header.writeUInt8(0, 7);
  if (version === 1) header.writeUInt16LE(length, 8);
  else header.writeUInt32LE(length, 8);
  header.write(dict, start, "latin1");
  header.write("\n", start + length - 1);
  return Buffer.concat([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
