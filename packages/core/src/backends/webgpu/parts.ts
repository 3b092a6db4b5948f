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

/** So many rows of 4-byte numbers are a multiple of the 256 bytes at which a binding may begin on every device. */
export const ROWS_OF_PART = 64;

/**
 * All of them in one part where that fits; else parts of as many rows as fit, a multiple of `unit`.
 *
 * @param unit a multiple of 64
 * @throws QsaeError where so few rows do not fit
 */
export function partsOf(
  rows: number,
  rowBytes: number,
  bindingBytes: number,
  unit: number = ROWS_OF_PART,
): readonly Part[] {
  if (rows === 0) return [];
  if (rows * rowBytes <= bindingBytes) return [{ first: 0, count: rows }];
  const most = Math.floor(bindingBytes / (unit * rowBytes)) * unit;
  if (most === 0) {
    throw new QsaeError(
      `webgpu: ${unit} rows of ${rowBytes} bytes need ${unit * rowBytes} bytes at once; kernels of this device see at most ${bindingBytes}`,
    );
  }
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, rows - i * most),
  }));
}
