/** R = H diag(signs) / sqrt(d_in), H the Walsh-Hadamard matrix: orthogonal, and what packed files know as `hadamard`. */
import { seededRandom } from "@qsae/core";
import { UsageError } from "@qsae/runtime";

export function hadamardRotation(dIn: number, seed: number): { signs: Int8Array; matrix: Float32Array } {
  if (!Number.isInteger(Math.log2(dIn))) {
    throw new UsageError(`variant rotated: d_in=${dIn}; a Hadamard rotation needs a power of two`);
  }
  const random = seededRandom(seed);
  const signs = Int8Array.from({ length: dIn }, () => (random() < 0.5 ? -1 : 1));
  const matrix = new Float32Array(dIn * dIn); // [d_in, d_in], u = matrix x
  for (let i = 0; i < dIn; i++) {
    for (let j = 0; j < dIn; j++) matrix[i * dIn + j] = (signs[j]! * parity(i & j)) / Math.sqrt(dIn);
  }
  return { signs, matrix };
}

/** -1 where an odd number of bits is set, else 1. */
function parity(bits: number): number {
  return bits === 0 ? 1 : (bits & 1 ? -1 : 1) * parity(bits >> 1);
}
