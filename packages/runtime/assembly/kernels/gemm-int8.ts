/**
 * C [m, n] = A [m, k] B [n, k]^T in int32, exact: A bytes 0 .. 127, B bytes -128 .. 127. Both are packed into panels of the
 * integer register tile (build/generate-dot-tile.ts): groups of four bytes, or of two words where the machine multiplies
 * bytes no faster.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { beat, nextTile, ZEROS } from "./control";
import { DOT_ROWS, dotTileBytes, dotTileWords } from "./dot-tile";
import { TILE_COLUMNS } from "./tile";

/** Codes [rows, k] into [rows / height] panels of [groups, height, 4 bytes], zeros past the edges. */
export function packCodes(
  thread: usize,
  codes: usize,
  signed: bool,
  rows: usize,
  k: usize,
  height: usize,
  width: usize,
  panels: usize,
): void {
  const perGroup: usize = 4 / width;
  const groups = ceilDiv(k, perGroup);
  const count = ceilDiv(rows, height);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    let to = panels + t * groups * height * 4;
    for (let g: usize = 0; g < groups; g++) {
      for (let r = t * height; r < (t + 1) * height; r++) {
        for (let q = g * perGroup; q < (g + 1) * perGroup; q++) {
          let code: i32 = 0;
          if (r < rows && q < k) code = signed ? load<i8>(codes + r * k + q) : load<u8>(codes + r * k + q);
          if (width == 1) store<i8>(to, <i8>code);
          else store<i16>(to, <i16>code);
          to += width;
        }
      }
    }
  }
}

/** Panels from {@link packCodes}: `a` of DOT_ROWS rows, `b` of TILE_COLUMNS. Scratch per thread: 4 * DOT_ROWS * TILE_COLUMNS bytes. */
export function gemmInt8(
  thread: usize,
  a: usize,
  b: usize,
  groups: usize,
  width: usize,
  c: usize,
  m: usize,
  n: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const edge = scratch + thread * scratchStride;
  const count = ceilDiv(m, DOT_ROWS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const left = a + t * groups * DOT_ROWS * 4;
    const height = smaller(DOT_ROWS, m - t * DOT_ROWS);
    for (let j: usize = 0; j < n; j += TILE_COLUMNS) {
      const right = b + j * groups * 4;
      const to = c + 4 * (t * DOT_ROWS * n + j);
      const inside = height == DOT_ROWS && j + TILE_COLUMNS <= n;
      const target = inside ? to : edge;
      const stride: usize = inside ? 4 * n : 4 * TILE_COLUMNS;
      if (width == 1) dotTileBytes(groups, left, right, target, stride, ZEROS);
      else dotTileWords(groups, left, right, target, stride, ZEROS);
      if (!inside) {
        const columns = smaller(TILE_COLUMNS, n - j);
        for (let i: usize = 0; i < height; i++) memory.copy(to + 4 * i * n, edge + 4 * i * TILE_COLUMNS, 4 * columns);
      }
    }
    beat();
  }
}
