/**
 * The f32 register tile, as AssemblyScript: C [rows, 8] = init + A [rows, k] B [k, 8], one chain of multiply-adds per
 * element in ascending k. AssemblyScript has no arrays of v128, so the accumulators are written out.
 *
 * x86-64 has 16 vector registers, of which V8 keeps one. A fused multiply-add works in place: 6 rows (12 accumulators, 2
 * vectors of B, 1 broadcast of A) fit, and 12 chains hide its latency: 58 Gflop/s on one core. Without fusion the product
 * needs a register too, and V8 11 (Node 20) spills from 5 rows on: 4 rows 40, 5 rows 24, 6 rows 26 Gflop/s.
 */

const FUSED_ROWS = 6;
const PLAIN_ROWS = 4;
const VECTORS = 2;

export const upTo = (n: number): number[] => [...Array(n).keys()];

/** Source of a module exporting `TILE_ROWS`, `TILE_COLUMNS` and `tile`. */
export function tileSource(): string {
  return `
import { fma } from "./arithmetic";
export const TILE_ROWS: usize = ASC_FEATURE_RELAXED_SIMD ? ${FUSED_ROWS} : ${PLAIN_ROWS};
export const TILE_COLUMNS: usize = ${VECTORS * 4};
/** Strides in bytes. Rows past \`rows\` are computed from the panel's padding and neither read nor written. */
export function tile(k: usize, a: usize, b: usize, c: usize, cStride: usize, init: usize, initStride: usize, rows: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) {${tileBody(FUSED_ROWS)}} else {${tileBody(PLAIN_ROWS)}}
}`;
}

function tileBody(rows: number): string {
  const lines: string[] = [];
  const emit = (line: string): void => void lines.push(line);
  for (const i of upTo(rows)) {
    for (const v of upTo(VECTORS)) emit(`let c${i}_${v} = f32x4.splat(0);`);
  }
  emit("let from = init;");
  for (const i of upTo(rows)) {
    emit(i === 0 ? "{" : `if (rows > ${i}) { from += initStride;`);
    for (const v of upTo(VECTORS)) emit(`c${i}_${v} = v128.load(from, ${v * 16});`);
    emit("}");
  }
  emit(multiplyLoop(rows, VECTORS, "k", "fma"));
  for (const i of upTo(rows)) {
    emit(i === 0 ? "{" : `if (rows > ${i}) { c += cStride;`);
    for (const v of upTo(VECTORS)) emit(`v128.store(c, c${i}_${v}, ${v * 16});`);
    emit("}");
  }
  return lines.join("\n");
}

/** The loop over `count` steps; `multiplyAdd(a, b, c)` names the instruction. */
export function multiplyLoop(rows: number, vectors: number, count: string, multiplyAdd: string): string {
  const lines = [`const end = b + ${count} * ${vectors * 16};`, "while (b < end) {"];
  for (const v of upTo(vectors)) lines.push(`const b${v} = v128.load(b, ${v * 16});`);
  for (const i of upTo(rows)) {
    lines.push(`const a${i} = v128.load32_splat(a, ${i * 4});`);
    for (const v of upTo(vectors)) lines.push(`c${i}_${v} = ${multiplyAdd}(a${i}, b${v}, c${i}_${v});`);
  }
  lines.push(`a += ${rows * 4}; b += ${vectors * 16};`, "}");
  return lines.join("\n");
}
