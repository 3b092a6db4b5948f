/**
 * IEEE 754 binary16 (1 sign, 5 exponent, 10 mantissa bits; bias 15; smallest subnormal 2^-24, largest finite 65504) and
 * bfloat16 (the upper half of a float32), as bits of float32 and back.
 */

const floatCell = new Float32Array(1);
const bitsCell = new Uint32Array(floatCell.buffer);

let table: Uint32Array | undefined;

/** float32 bits of every binary16 number, made on first use (256 KB). Bits, not floats, so that NaN payloads survive. */
export function f16ToF32BitsTable(): Uint32Array {
  return (table ??= Uint32Array.from({ length: 65536 }, (_, half) => f16ToF32Bits(half)));
}

function f16ToF32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) {
    floatCell[0] = mantissa * 2 ** -24;
    return (sign | bitsCell[0]!) >>> 0;
  }
  const wide = exponent === 31 ? 0xff : exponent - 15 + 127;
  return (sign | (wide << 23) | (mantissa << 13)) >>> 0;
}

/**
 * `value` rounded to binary16, half to even; infinite from 65520 on. What a scale stored as F16 must already be.
 *
 * @example
 * const scale = scales.map(roundToF16);
 */
export function roundToF16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return value * Infinity; // NaN stays NaN
  floatCell[0] = magnitude;
  const exponent = (bitsCell[0]! >>> 23) - 127;
  const quantum = 2 ** (Math.max(exponent, -14) - 10);
  // Adding 2^52 leaves a double no room for a fraction: the hardware rounds half to even.
  const rounded = (magnitude / quantum + 2 ** 52 - 2 ** 52) * quantum;
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** The 16 bits of a number that {@link roundToF16} returned. */
export function f16Bits(rounded: number): number {
  floatCell[0] = rounded;
  const bits = bitsCell[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(rounded);
  if (Number.isNaN(rounded)) return 0x7e00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  if (magnitude === Infinity) return sign | 0x7c00;
  return sign | ((((bits >>> 23) & 0xff) - 127 + 15) << 10) | ((bits >>> 13) & 0x3ff);
}
