/** Kernels that only move numbers. Bound by memory. */
import { ceilDiv, smaller } from "./arithmetic";
import { nextTile, report } from "./control";

const CHUNK: usize = 16384;

/** out = value, length numbers. */
export function fill(thread: usize, out: usize, length: usize, value: f32): void {
  const v = f32x4.splat(value);
  for (;;) {
    const from = nextTile() * CHUNK;
    if (from >= length) break;
    let to = out + 4 * from;
    const end = out + 4 * smaller(length, from + CHUNK);
    for (; to + 16 <= end; to += 16) v128.store(to, v);
    for (; to < end; to += 4) store<f32>(to, value);
  }
}

/** Rows of n numbers, xStride and outStride numbers apart. */
export function copyStrided(
  thread: usize,
  x: usize,
  out: usize,
  rows: usize,
  n: usize,
  xStride: usize,
  outStride: usize,
): void {
  // A tile is some whole rows, or a piece of one.
  const pieces = ceilDiv(n, CHUNK);
  const rowsPerTile: usize = pieces > 1 ? 1 : CHUNK / n;
  for (;;) {
    const t = nextTile();
    const first = (t / pieces) * rowsPerTile;
    if (first >= rows) break;
    const j = (t % pieces) * CHUNK;
    const bytes: usize = 4 * smaller(CHUNK, n - j);
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) copy(out + 4 * (i * outStride + j), x + 4 * (i * xStride + j), bytes);
  }
}

/** Reports the first index outside 0 .. rows - 1 of its chunk; together, the first of all. */
export function checkIndices(thread: usize, indices: usize, count: usize, rows: usize): void {
  for (;;) {
    const from = nextTile() * CHUNK;
    if (from >= count) break;
    const end = smaller(count, from + CHUNK);
    for (let i = from; i < end; i++) {
      if (load<u32>(indices + 4 * i) < <u32>rows) continue;
      report(<i32>i);
      break;
    }
  }
}

/** out [count, n] = x[indices[i]]. The indices are in range. */
export function gatherRows(thread: usize, x: usize, indices: usize, out: usize, count: usize, n: usize): void {
  const rowsPerTile = ceilDiv(CHUNK, n);
  for (;;) {
    const first = nextTile() * rowsPerTile;
    if (first >= count) break;
    const last = smaller(count, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      copy(out + 4 * i * n, x + 4 * <usize>load<i32>(indices + 4 * i) * n, 4 * n);
    }
  }
}

/** A whole number of floats. As fast as memory.copy on long runs, and twice as fast on rows of some KB. */
function copy(to: usize, from: usize, bytes: usize): void {
  const vectors = to + (bytes & ~15);
  const end = to + bytes;
  for (; to < vectors; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(from));
}
