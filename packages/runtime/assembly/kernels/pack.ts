/**
 * Panels: the layout that register tiles read. `width` columns side by side, k-major: element (k, j) of panel p lies at
 * `p * k_total * width + k * width + j - p * width`, and the last panel is padded with zeros. The left operand is packed
 * TILE_ROWS wide (its rows are the panel's columns), the right one 8 wide.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { nextTile } from "./control";
import { TILE_COLUMNS, TILE_ROWS } from "./tile";

/** Panels per tile of the packing jobs: 512 bytes of each row of a row-major operand, for rows lie on different pages. */
const PANELS: usize = 16;

/** The right operand, all of it: `panels` of element (k, j) at `source + 4 * (k * strideK + j * strideJ)`. */
export function packRight(
  thread: usize,
  source: usize,
  strideK: usize,
  strideJ: usize,
  k: usize,
  n: usize,
  panels: usize,
): void {
  const count = ceilDiv(n, TILE_COLUMNS * PANELS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const j = t * TILE_COLUMNS * PANELS;
    packColumns(
      source + 4 * j * strideJ,
      strideK,
      strideJ,
      k,
      smaller(n - j, TILE_COLUMNS * PANELS),
      panels + 4 * j * k,
    );
  }
}

/** The left operand, all of it: panels of element (i, k) at `source + 4 * (i * strideI + k * strideK)`. */
export function packLeft(
  thread: usize,
  source: usize,
  strideI: usize,
  strideK: usize,
  m: usize,
  k: usize,
  panels: usize,
): void {
  const count = ceilDiv(m, TILE_ROWS * PANELS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const i = t * TILE_ROWS * PANELS;
    packRows(source + 4 * i * strideI, strideI, strideK, smaller(m - i, TILE_ROWS * PANELS), k, 0, panels + 4 * i * k);
  }
}

/** Panels of n columns; see {@link packRight}. Blocks of k keep the rows that several panels share in cache. */
export function packColumns(source: usize, strideK: usize, strideJ: usize, k: usize, n: usize, panels: usize): void {
  for (let j: usize = 0; j < n; j += TILE_COLUMNS) {
    const width = smaller(n - j, TILE_COLUMNS);
    let to = panels + 4 * j * k;
    let from = source + 4 * j * strideJ;
    let q: usize = 0;
    if (width == TILE_COLUMNS && strideJ == 1) {
      for (; q < k; q++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += 32;
        from += strideK << 2;
      }
    } else if (width == TILE_COLUMNS && strideK == 1) {
      const stride = strideJ << 2;
      for (; q + 4 <= k; q += 4) {
        transpose4(from, stride, to, 32);
        transpose4(from + 4 * stride, stride, to + 16, 32);
        to += 128;
        from += 16;
      }
    }
    for (; q < k; q++) {
      for (let x: usize = 0; x < TILE_COLUMNS; x++) {
        store<f32>(to + 4 * x, x < width ? load<f32>(from + 4 * x * strideJ) : 0);
      }
      to += 4 * TILE_COLUMNS;
      from += strideK << 2;
    }
  }
}

/** Panels of m rows, less `center [k]` unless it is 0; see {@link packLeft}. */
export function packRows(
  source: usize,
  strideI: usize,
  strideK: usize,
  m: usize,
  k: usize,
  center: usize,
  panels: usize,
): void {
  for (let i: usize = 0; i < m; i += TILE_ROWS) {
    const height = smaller(m - i, TILE_ROWS);
    let to = panels + 4 * i * k;
    let from = source + 4 * i * strideI;
    let q: usize = 0;
    if (height == TILE_ROWS && strideK == 1) {
      const stride = strideI << 2;
      for (; q + 4 <= k; q += 4) {
        const c = center ? v128.load(center + 4 * q) : f32x4.splat(0);
        packRowsByFour(from, stride, c, to);
        to += 16 * TILE_ROWS;
        from += 16;
      }
    } else if (height == TILE_ROWS && strideI == 1) {
      for (; q < k; q++) {
        const c = f32x4.splat(center ? load<f32>(center + 4 * q) : 0);
        v128.store(to, f32x4.sub(v128.load(from), c));
        if (TILE_ROWS == 6) v128.store64_lane(to, f32x4.sub(v128.load64_zero(from, 16), c), 0, 16);
        to += 4 * TILE_ROWS;
        from += strideK << 2;
      }
    }
    for (; q < k; q++) {
      const c: f32 = center ? load<f32>(center + 4 * q) : 0;
      for (let y: usize = 0; y < TILE_ROWS; y++) {
        store<f32>(to + 4 * y, y < height ? load<f32>(from + 4 * y * strideI) - c : 0);
      }
      to += 4 * TILE_ROWS;
      from += strideK << 2;
    }
  }
}

/** Four rows of four floats to four columns; strides in bytes. */
export function transpose4(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + fromStride);
  const r2 = v128.load(from + 2 * fromStride);
  const r3 = v128.load(from + 3 * fromStride);
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to + toStride, v128.shuffle<i64>(a, b, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<i64>(c, d, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<i64>(c, d, 1, 3));
}

/** A panel's 4 or 6 rows of four k each, less `center`, to four k of all rows. */
function packRowsByFour(from: usize, stride: usize, center: v128, to: usize): void {
  const r0 = f32x4.sub(v128.load(from), center);
  const r1 = f32x4.sub(v128.load(from + stride), center);
  const r2 = f32x4.sub(v128.load(from + 2 * stride), center);
  const r3 = f32x4.sub(v128.load(from + 3 * stride), center);
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  const step: usize = 4 * TILE_ROWS;
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to + step, v128.shuffle<i64>(a, b, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<i64>(c, d, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<i64>(c, d, 1, 3));
  if (TILE_ROWS == 6) {
    const r4 = f32x4.sub(v128.load(from + 4 * stride), center);
    const r5 = f32x4.sub(v128.load(from + 5 * stride), center);
    const e = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
    const f = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
    v128.store64_lane(to, e, 0, 16);
    v128.store64_lane(to + step, e, 1, 16);
    v128.store64_lane(to + 2 * step, f, 0, 16);
    v128.store64_lane(to + 3 * step, f, 1, 16);
  }
}
