/**
 * A matrix may be larger than what a kernel can bind at once (`maxStorageBufferBindingSize`, 128 MiB where a device has no
 * more than WebGPU promises): it is bound in parts then, ranges of its rows.
 */
import { QsaeError } from "@qsae/runtime";

/** Rows `first .. first + count`. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/** At multiples of so many bytes a binding may begin on every device. */
export const ALIGNMENT = 256;

/** Rows of which any number of bytes is aligned: what rows of other lengths are counted in, too. */
export const ROWS_OF_TILE = 64;

/**
 * All of them in one part where that fits; else parts of as many rows as fit, a multiple of `unit`.
 *
 * @param rowBytes a multiple of 4
 * @param unit a multiple of 64. Default: the fewest rows that are aligned
 * @throws QsaeError where so few rows do not fit
 */
export function partsOf(
  rows: number,
  rowBytes: number,
  bindingBytes: number,
  unit: number = ALIGNMENT / greatestCommonDivisor(ALIGNMENT, rowBytes),
): readonly Part[] {
  if (rows === 0) return [];
  if (rows * rowBytes <= bindingBytes) return [{ first: 0, count: rows }];
  const most = Math.floor(bindingBytes / (unit * rowBytes)) * unit;
  if (most === 0) throw refusal(unit, rowBytes, bindingBytes);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, rows - i * most),
  }));
}

/**
 * Parts of tensors that share their rows but not the lengths of these, for who can do with parts that are not aligned. They
 * are where {@link ROWS_OF_TILE} rows fit, whatever their lengths.
 *
 * @param rowBytes of the longest
 * @throws QsaeError where one row does not fit
 */
export function sharedParts(rows: number, rowBytes: number, bindingBytes: number): readonly Part[] {
  const most = Math.floor(bindingBytes / rowBytes);
  const unit = Math.min(ROWS_OF_TILE, 2 ** Math.floor(Math.log2(Math.max(1, most))));
  const count = Math.floor(most / unit) * unit;
  if (rows > 0 && count === 0) throw refusal(1, rowBytes, bindingBytes);
  return Array.from({ length: Math.ceil(rows / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, rows - i * count),
  }));
}

/** Parts of one tensor for who binds them from the last aligned byte before them on. @throws as {@link sharedParts} */
export const looseParts = (rows: number, rowBytes: number, bindingBytes: number): readonly Part[] =>
  rows * rowBytes <= bindingBytes
    ? [{ first: 0, count: rows }]
    : sharedParts(rows, rowBytes, bindingBytes - (isAligned(rowBytes) ? 0 : ALIGNMENT));

/** Whether a binding may begin there. */
export const isAligned = (byte: number): boolean => byte % ALIGNMENT === 0;

function refusal(rows: number, rowBytes: number, bindingBytes: number): QsaeError {
  return new QsaeError(
    `webgpu: ${rows} rows of ${rowBytes} bytes need ${rows * rowBytes} bytes at once; kernels of this device see at most ${bindingBytes}`,
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
