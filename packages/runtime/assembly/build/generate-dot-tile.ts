/**
 * The integer register tiles, as AssemblyScript: C [5, 8] i32 = init [8] + A [5, k] B [k, 8]. Panels hold groups of k side
 * by side, 4 bytes to a group, so that one instruction multiplies a group of every column with a broadcast group of A. 5
 * rows: the product needs a register (generate-tile.ts; 85 Gop/s on one core, 6 rows 65).
 *
 * Bytes: groups of four, weights i8 in the first operand and activations u7 (0 .. 127) in the second of
 * `relaxed_dot_i8x16_i7x16_add`: the one order and range for which every machine gives the same, exact result. Twice as
 * fast as words where the machine has that instruction (AVX-VNNI, SDOT), no faster where it has not.
 * Words: groups of two i16.
 */
import { multiplyLoop, upTo } from "./generate-tile.ts";

const ROWS = 5;
const VECTORS = 2;

/** Source of a module exporting `DOT_ROWS`, `dotBytes`, and the two tiles (groups, a, b, c, cStride, init). */
export function dotTileSource(): string {
  const signature = "(groups: usize, a: usize, b: usize, c: usize, cStride: usize, init: usize): void";
  return `
export const DOT_ROWS: usize = ${ROWS};
/** acc + the dot product of each 4-byte group of activations with that of weights. */
export function dotBytes(activations: v128, weights: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, activations, acc);
  return acc;
}
function dotWords(activations: v128, weights: v128, acc: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(weights, activations), acc);
}
/** cStride in bytes; init is the start of every row. */
export function dotTileBytes${signature} {
  if (ASC_FEATURE_RELAXED_SIMD) {${tileBody("dotBytes")}}
}
export function dotTileWords${signature} {${tileBody("dotWords")}}`;
}

function tileBody(dot: string): string {
  const lines: string[] = [];
  for (const i of upTo(ROWS)) {
    for (const v of upTo(VECTORS)) lines.push(`let c${i}_${v} = v128.load(init, ${v * 16});`);
  }
  lines.push(multiplyLoop(ROWS, VECTORS, "groups", dot));
  for (const i of upTo(ROWS)) {
    if (i > 0) lines.push("c += cStride;");
    for (const v of upTo(VECTORS)) lines.push(`v128.store(c, c${i}_${v}, ${v * 16});`);
  }
  return lines.join("\n");
}
