/** Checks that every kernel function makes of its sizes before memory is touched. */
import { unknownName, UsageError } from "../../errors.ts";

/** wasm32 counts elements in 32 bits; so do the kernels. */
const MOST_ELEMENTS = 2 ** 30;

/**
 * Each size is a non-negative integer.
 * @throws UsageError naming the function and the argument
 */
export function checkSizes(kernel: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isSafeInteger(value) && value >= 0 && value <= MOST_ELEMENTS) continue;
    throw new UsageError(`${kernel}: ${name}=${value} is not a size; allowed: integers 0 .. ${MOST_ELEMENTS}`);
  }
}

/** @throws UsageError unless 1 <= k <= width */
export function checkK(kernel: string, k: number, widthName: string, width: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= width) return;
  throw new UsageError(`${kernel}: k=${k} is not in 1 .. ${widthName}=${width}; lower k or widen the dictionary`);
}

/** @throws UsageError naming what is allowed */
export function oneOf<T extends string>(kernel: string, what: string, given: T, allowed: readonly T[]): T {
  if (allowed.includes(given)) return given;
  throw unknownName(`${kernel} ${what}`, String(given), allowed);
}
