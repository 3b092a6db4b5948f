/** The k largest per row of a given matrix: bound by reading it once. */
import { ceilDiv, smaller } from "./arithmetic";
import { beat, nextTile } from "./control";
import { clearState, offerScores, STATE_BYTES, takeBest } from "./select";

const ROWS: usize = 8;

/** x [n, width] -> values, indices [n, k], columns ascending. Scratch per thread: `8 * capacity + 8` bytes. */
export function topK(
  thread: usize,
  x: usize,
  values: usize,
  indices: usize,
  n: usize,
  width: usize,
  k: usize,
  capacity: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const state = scratch + thread * scratchStride;
  const keys = state + STATE_BYTES;
  const columns = keys + 4 * capacity;
  const count = ceilDiv(n, ROWS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(n, (t + 1) * ROWS);
    for (let i = t * ROWS; i < end; i++) {
      clearState(state);
      offerScores(x + 4 * i * width, width, 0, keys, columns, state, k, capacity, i);
      takeBest(keys, columns, state, k, values + 4 * i * k, indices + 4 * i * k);
      beat();
    }
  }
}
