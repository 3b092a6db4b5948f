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
const ALIGNMENT = 256;

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

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
