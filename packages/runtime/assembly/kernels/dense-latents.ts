/** From sparse latents to dense ones, and to how often each fired. */
import { nextTile } from "./control";
import { indicesInRange, rowStart } from "./decode-sparse";
import { startRow } from "./weighted-rows";

/** out [n, width]: the values at their indices, zeros elsewhere. Reports an index outside 0 .. width - 1. */
export function scatterRows(
  thread: usize,
  values: usize,
  indices: usize,
  offsets: usize,
  out: usize,
  n: usize,
  k: usize,
  width: usize,
): void {
  for (;;) {
    const i = nextTile();
    if (i >= n) break;
    const to = out + 4 * i * width;
    startRow(to, 0, width);
    const first = rowStart(offsets, k, i);
    const last = rowStart(offsets, k, i + 1);
    if (!indicesInRange(indices, first, last, width)) continue;
    for (let e = first; e < last; e++) {
      store<f32>(to + 4 * <usize>load<i32>(indices + 4 * e), load<f32>(values + 4 * e));
    }
  }
}

/** out [f]: entries with a value that is not 0, as whole floats. One thread: it touches each entry once. */
export function countFired(thread: usize, values: usize, indices: usize, out: usize, count: usize, f: usize): void {
  if (nextTile() != 0) return;
  startRow(out, 0, f);
  if (!indicesInRange(indices, 0, count, f)) return;
  for (let e: usize = 0; e < count; e++) {
    if (load<f32>(values + 4 * e) == 0) continue;
    const cell = out + 4 * <usize>load<i32>(indices + 4 * e);
    store<f32>(cell, load<f32>(cell) + 1);
  }
}
