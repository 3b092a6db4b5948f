/**
 * C [m, n] = A [m, k] B [k, n] + bias [n], blocked as in Goto & van de Geijn 2008 ("Anatomy of high-performance matrix
 * multiplication"). One operand is packed once into panels that all threads share; the other is packed block by block by
 * the thread that owns the tile, each element once where tiles span the whole other dimension. Transposed operands differ
 * only in the strides that packing reads with.
 *
 * Every element is one chain of multiply-adds, bias first, k ascending: blocking k resumes the chain from C.
 */
import { ceilDiv, depthPerBlock, smaller } from "./arithmetic";
import { beat, nextTile, ZEROS } from "./control";
import { packColumns, packRows } from "./pack";
import { tile, TILE_COLUMNS, TILE_ROWS } from "./tile";

/** Bytes of scratch for one register tile at the right edge. */
const EDGE_BYTES: usize = 256;

/**
 * `shared`: the packed operand. `own`: the other, element (i, k) at `4 * (i * ownStride + k * ownStrideK)`, i a row of A
 * (`ownIsLeft`) or a column of B. Tiles of `tileRows` (a multiple of TILE_ROWS) by `tileColumns` (a multiple of 8). Scratch per
 * thread: 256 bytes and `4 * 512 * tile` bytes, tile being tileRows or tileColumns.
 */
export function gemm(
  thread: usize,
  shared: usize,
  own: usize,
  ownStride: usize,
  ownStrideK: usize,
  ownIsLeft: bool,
  c: usize,
  m: usize,
  n: usize,
  k: usize,
  bias: usize,
  tileRows: usize,
  tileColumns: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const edge = scratch + thread * scratchStride;
  const block = edge + EDGE_BYTES;
  const depthBlock = depthPerBlock(k);
  const down = ceilDiv(m, tileRows);
  const count = down * ceilDiv(n, tileColumns);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const i0 = (t % down) * tileRows;
    const j0 = (t / down) * tileColumns;
    const rows = smaller(tileRows, m - i0);
    const columns = smaller(tileColumns, n - j0);
    const to = c + 4 * (i0 * n + j0);
    const start = bias ? bias + 4 * j0 : 0;
    let p: usize = 0;
    do {
      const depth = smaller(depthBlock, k - p);
      // Panels of the shared operand hold all of k, those of the own block only `depth`.
      if (ownIsLeft) {
        packRows(own + 4 * (i0 * ownStride + p * ownStrideK), ownStride, ownStrideK, rows, depth, 0, block);
        const right = shared + 4 * (j0 * k + p * TILE_COLUMNS);
        multiply(block, depth, right, k, depth, to, 4 * n, rows, columns, p == 0, start, edge, true);
      } else {
        packColumns(own + 4 * (j0 * ownStride + p * ownStrideK), ownStrideK, ownStride, depth, columns, block);
        const left = shared + 4 * (i0 * k + p * TILE_ROWS);
        multiply(left, k, block, depth, depth, to, 4 * n, rows, columns, p == 0, start, edge, false);
      }
      beat();
      p += depthBlock;
    } while (p < k);
  }
}

/**
 * One block of k of one tile: panels of A `aDepth` deep and of B `bDepth` deep, of which `depth` are used. The thread's
 * own block stays in L2; the panel of the other operand is the outer loop and stays in L1.
 */
function multiply(
  a: usize,
  aDepth: usize,
  b: usize,
  bDepth: usize,
  depth: usize,
  c: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  first: bool,
  bias: usize,
  edge: usize,
  rowsInside: bool,
): void {
  if (rowsInside) {
    for (let j: usize = 0; j < columns; j += TILE_COLUMNS) {
      const start = bias ? bias + 4 * j : 0;
      const width = columns - j;
      for (let i: usize = 0; i < rows; i += TILE_ROWS) {
        const to = c + i * stride + 4 * j;
        oneTile(depth, a + 4 * i * aDepth, b + 4 * j * bDepth, to, stride, rows - i, width, first, start, edge);
      }
    }
  } else {
    for (let i: usize = 0; i < rows; i += TILE_ROWS) {
      for (let j: usize = 0; j < columns; j += TILE_COLUMNS) {
        const start = bias ? bias + 4 * j : 0;
        const to = c + i * stride + 4 * j;
        oneTile(depth, a + 4 * i * aDepth, b + 4 * j * bDepth, to, stride, rows - i, columns - j, first, start, edge);
      }
    }
  }
}

/** A register tile in C, by way of `edge` where it reaches past the right edge. */
function oneTile(
  depth: usize,
  a: usize,
  b: usize,
  to: usize,
  stride: usize,
  height: usize,
  width: usize,
  first: bool,
  bias: usize,
  edge: usize,
): void {
  if (width >= TILE_COLUMNS) {
    const init = first ? (bias ? bias : ZEROS) : to;
    tile(depth, a, b, to, stride, init, first ? 0 : stride, height);
    return;
  }
  if (height > TILE_ROWS) height = TILE_ROWS;
  for (let y: usize = 0; y < height; y++) {
    for (let x: usize = 0; x < width; x++) {
      const start: f32 = first ? (bias ? load<f32>(bias + 4 * x) : 0) : load<f32>(to + y * stride + 4 * x);
      store<f32>(edge + 4 * (y * TILE_COLUMNS + x), start);
    }
  }
  tile(depth, a, b, edge, 4 * TILE_COLUMNS, edge, 4 * TILE_COLUMNS, height);
  for (let y: usize = 0; y < height; y++) {
    for (let x: usize = 0; x < width; x++) {
      store<f32>(to + y * stride + 4 * x, load<f32>(edge + 4 * (y * TILE_COLUMNS + x)));
    }
  }
}
