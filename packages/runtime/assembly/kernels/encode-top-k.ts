/**
 * The k largest of `(x - center) W_enc + b_enc` per row, without the scores ever being in memory as a matrix: a thread
 * takes a block of rows, computes their scores for 256 columns at a time into its scratch, and offers them to one
 * candidate buffer per row (select.ts).
 */
import { depthPerBlock, smaller } from "./arithmetic";
import { beat, takenRows, takeRows, ZEROS } from "./control";
import { packRows } from "./pack";
import { clearState, offerScores, STATE_BYTES, takeBest } from "./select";
import { tile, TILE_COLUMNS, TILE_ROWS } from "./tile";

const COLUMN_BLOCK: usize = 256;

/**
 * `panels`: W_enc [d, f] from `packRight`. `blockRows`: most rows per block, a multiple of TILE_ROWS. Scratch per thread, in bytes:
 * `blockRows * (4 * d + 4 * 256 + 8 * capacity + 8) + 64`.
 */
export function encodeTopK(
  thread: usize,
  x: usize,
  center: usize,
  panels: usize,
  bias: usize,
  values: usize,
  indices: usize,
  n: usize,
  d: usize,
  f: usize,
  k: usize,
  capacity: usize,
  blockRows: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const lastBias = scratch + thread * scratchStride;
  const states = lastBias + 64;
  const scores = states + blockRows * STATE_BYTES;
  const keys = scores + blockRows * COLUMN_BLOCK * 4;
  const columns = keys + blockRows * capacity * 4;
  const block = columns + blockRows * capacity * 4;

  const depthBlock = depthPerBlock(d);
  // The last panel reads 8 columns of bias; where f ends inside it, from a padded copy.
  const lastPanel = ((f - 1) / TILE_COLUMNS) * TILE_COLUMNS;
  for (let j: usize = 0; j < TILE_COLUMNS; j++) {
    store<f32>(lastBias + 4 * j, bias && lastPanel + j < f ? load<f32>(bias + 4 * (lastPanel + j)) : 0);
  }

  for (;;) {
    const first = takeRows(n, TILE_ROWS, blockRows);
    if (first >= n) break;
    const rows = takenRows(first, n, TILE_ROWS, blockRows);
    packRows(x + 4 * first * d, d, 1, rows, d, center, block);
    for (let i: usize = 0; i < rows; i++) clearState(states + i * STATE_BYTES);

    for (let c: usize = 0; c < f; c += COLUMN_BLOCK) {
      const width = smaller(COLUMN_BLOCK, f - c);
      let p: usize = 0;
      do {
        const depth = smaller(depthBlock, d - p);
        for (let j: usize = 0; j < width; j += TILE_COLUMNS) {
          const panel = panels + 4 * ((c + j) * d + p * TILE_COLUMNS);
          const start = c + j == lastPanel ? lastBias : bias ? bias + 4 * (c + j) : ZEROS;
          for (let i: usize = 0; i < rows; i += TILE_ROWS) {
            const left = block + 4 * (i * d + p * TILE_ROWS);
            const to = scores + 4 * (i * COLUMN_BLOCK + j);
            if (p == 0) tile(depth, left, panel, to, 4 * COLUMN_BLOCK, start, 0, TILE_ROWS);
            else tile(depth, left, panel, to, 4 * COLUMN_BLOCK, to, 4 * COLUMN_BLOCK, TILE_ROWS);
          }
        }
        p += depthBlock;
      } while (p < d);
      for (let i: usize = 0; i < rows; i++) {
        offerScores(
          scores + 4 * i * COLUMN_BLOCK,
          width,
          c,
          keys + 4 * i * capacity,
          columns + 4 * i * capacity,
          states + i * STATE_BYTES,
          k,
          capacity,
          first + i,
        );
      }
      beat();
    }

    for (let i: usize = 0; i < rows; i++) {
      const at: usize = 4 * i * capacity;
      const to: usize = 4 * (first + i) * k;
      takeBest(keys + at, columns + at, states + i * STATE_BYTES, k, values + to, indices + to);
    }
  }
}
