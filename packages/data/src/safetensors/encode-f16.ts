import { UsageError } from "@qsae/runtime";

/**
 * float32 to IEEE binary16, rounded half to even. Counterpart of the runtime's `decodeFloats` for batches.
 * @returns index of the first value that is finite but beyond 65504 and would become infinite; undefined if all fit
 */
export function encodeF16(values: Float32Array, out: Uint16Array): number | undefined {
  if (values.length !== out.length) {
    throw new UsageError(`encodeF16: out has ${out.length} elements for ${values.length} values`);
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let firstOverflow: number | undefined;
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    const sign = (b >>> 16) & 0x8000;
    const magnitude = b & 0x7fffffff;
    if (magnitude >= 0x47800000) {
      // 65536 and above, Inf, NaN
      out[i] = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
      if (magnitude < 0x7f800000) firstOverflow ??= i;
    } else if (magnitude >= 0x38800000) {
      // Normal halves: rebias the exponent from 127 to 15 and round away 13 bits; a carry into the exponent is right.
      const half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
      out[i] = sign | half;
      if (half === 0x7c00) firstOverflow ??= i;
    } else {
      // Subnormal halves are multiples of 2^-24. Adding 0.5 puts 2^-24 at the last place of a float32, which rounds.
      roundingFloat[0] = Math.abs(values[i]!) + 0.5;
      out[i] = sign | (roundingBits[0]! - 0x3f000000);
    }
  }
  return firstOverflow;
}

const roundingFloat = new Float32Array(1);
const roundingBits = new Uint32Array(roundingFloat.buffer);
