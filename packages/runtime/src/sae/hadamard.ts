/**
 * Walsh-Hadamard transform, normalised: `H x / sqrt(n)` with `H_ij = (-1)^popcount(i & j)`. Orthogonal, symmetric, its own
 * inverse. `n log2 n` additions (Fino & Algazi 1976).
 */

/** Transforms the `length` (a power of two) numbers from `start` in place. */
export function walshHadamard(data: Float64Array, start: number, length: number): void {
  for (let half = 1; half < length; half *= 2) {
    for (let block = start; block < start + length; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const a = data[i]!;
        const b = data[i + half]!;
        data[i] = a + b;
        data[i + half] = a - b;
      }
    }
  }
  const norm = 1 / Math.sqrt(length);
  for (let i = start; i < start + length; i++) data[i]! *= norm;
}
