/** Sums of rows into rows picked by index. Bound by memory. */
import { beat, nextTile } from "./control";

/** Rows between two signs of life. */
const BEAT: usize = 4096;

/**
 * out [.., n]: out[indices[i]] += x[i] for i = 0 .. count - 1. The indices are in range. A tile takes the rows of `out`
 * whose index is its own modulo `shares`, a power of two, and goes through all of `indices` for them: so each sum has one
 * thread and one order.
 */
export function scatterAddRows(
  thread: usize,
  x: usize,
  indices: usize,
  out: usize,
  count: usize,
  n: usize,
  shares: usize,
): void {
  for (;;) {
    const t = nextTile();
    if (t >= shares) break;
    for (let i: usize = 0; i < count; i++) {
      if (i % BEAT == 0) beat();
      const row = <usize>load<i32>(indices + 4 * i);
      if ((row & (shares - 1)) == t) addRow(out + 4 * row * n, x + 4 * i * n, n);
    }
  }
}

/** y += x, n numbers. */
function addRow(y: usize, x: usize, n: usize): void {
  const vectors = y + 4 * (n & ~3);
  const end = y + 4 * n;
  for (; y < vectors; y += 16, x += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
  for (; y < end; y += 4, x += 4) store<f32>(y, load<f32>(y) + load<f32>(x));
}
