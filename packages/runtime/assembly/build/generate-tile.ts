/**
 * The f32 register tile, as AssemblyScript: C [6, 8] = init + A [6, k] B [k, 8], one chain of multiply-adds per element in
 * ascending k. AssemblyScript has no arrays of v128, so the 12 accumulators are written out. 12 accumulators, 2 vectors of
 * B and 1 broadcast of A fill the 16 registers of x86-64, and 12 independent chains hide the latency of the multiply-add.
 */

/** Rows of A per tile; panels of A are this wide. */
export const TILE_ROWS = 6;
/** Vectors of B per tile; panels of B are 4 times as wide. */
export const TILE_VECTORS = 2;

const upTo = (n: number): number[] => [...Array(n).keys()];

/** Source of a module exporting `tile(k, a, b, c, cStride, init, initStride, rows)`. */
export function tileSource(rows = TILE_ROWS, vectors = TILE_VECTORS): string {
  const accumulator = (i: number, v: number): string => `c${i}_${v}`;
  const lines: string[] = [];
  const emit = (line: string): void => void lines.push(line);

  emit(`import { fma } from "./arithmetic";`);
  emit(`export const TILE_ROWS: usize = ${rows};`);
  emit(`export const TILE_COLUMNS: usize = ${vectors * 4};`);
  emit(
    `/** Strides in bytes. Rows past \`rows\` are computed from the panel's padding and neither read nor written. */`,
  );
  emit(
    "export function tile(k: usize, a: usize, b: usize, c: usize, cStride: usize, init: usize, initStride: usize, rows: usize): void {",
  );
  for (const i of upTo(rows)) {
    for (const v of upTo(vectors)) emit(`let ${accumulator(i, v)} = f32x4.splat(0);`);
  }
  emit("let from = init;");
  for (const i of upTo(rows)) {
    emit(i === 0 ? "{" : `if (rows > ${i}) { from += initStride;`);
    for (const v of upTo(vectors)) emit(`${accumulator(i, v)} = v128.load(from, ${v * 16});`);
    emit("}");
  }
  emit(`const end = b + k * ${vectors * 16};`);
  emit("while (b < end) {");
  for (const v of upTo(vectors)) emit(`const b${v} = v128.load(b, ${v * 16});`);
  for (const i of upTo(rows)) {
    emit(`const a${i} = v128.load32_splat(a, ${i * 4});`);
    for (const v of upTo(vectors)) emit(`${accumulator(i, v)} = fma(a${i}, b${v}, ${accumulator(i, v)});`);
  }
  emit(`a += ${rows * 4}; b += ${vectors * 16};`);
  emit("}");
  for (const i of upTo(rows)) {
    emit(i === 0 ? "{" : `if (rows > ${i}) { c += cStride;`);
    for (const v of upTo(vectors)) emit(`v128.store(c, ${accumulator(i, v)}, ${v * 16});`);
    emit("}");
  }
  emit("}");
  return lines.join("\n");
}
