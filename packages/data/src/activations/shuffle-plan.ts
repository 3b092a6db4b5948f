/**
 * The order of a shuffled pass, decided before anything is read. The rows are cut into blocks of contiguous rows, the blocks
 * are permuted, and consecutive blocks make up windows; within a window every row is permuted with every other. One
 * window is in memory at a time. Data that fits in one window is permuted as a whole.
 *
 * Since a plan is only numbers, a resumed pass starts in the middle without reading what comes before.
 */
import { mixSeeds, permutation } from "@qsae/core";

export interface ShufflePlan {
  /** Window w covers places `starts[w] .. starts[w + 1]` of the shuffled pass. */
  readonly starts: readonly number[];
  window(index: number): ShuffleWindow;
}

export interface ShuffleWindow {
  /** Contiguous stretches of rows to read, ascending. Their rows, one after another, are slots 0, 1, 2, ... */
  readonly stretches: readonly Stretch[];
  /** Slots in the order in which the pass hands them out. */
  readonly order: Int32Array;
  /** Row number of each slot. */
  readonly rowOfSlot: Int32Array;
}

interface Stretch {
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * @param rows rows in the pass
 * @param blockRows rows per block, at least 1
 * @param windowRows most rows per window; at least one block is taken
 * @param seed decides everything; another seed for every epoch
 */
export function planShuffle(rows: number, blockRows: number, windowRows: number, seed: number): ShufflePlan {
  const blocks = Math.ceil(rows / blockRows);
  const windows = rows <= windowRows ? 1 : Math.ceil(blocks / Math.max(1, Math.floor(windowRows / blockRows)));
  const blockOrder = permutation(blocks, mixSeeds(seed, 0));
  // Even windows: a small last one would mix few blocks.
  const blocksOf = (w: number): Int32Array =>
    blockOrder.slice(Math.floor((w * blocks) / windows), Math.floor(((w + 1) * blocks) / windows)).sort();
  const rowsOfBlock = (block: number): number => Math.min(blockRows, rows - block * blockRows);

  const starts = [0];
  for (let w = 0; w < windows; w++) starts.push(blocksOf(w).reduce((sum, b) => sum + rowsOfBlock(b), starts[w]!));
  return {
    starts,
    window: (index) => {
      const stretches: Stretch[] = [];
      const rowOfSlot = new Int32Array(starts[index + 1]! - starts[index]!);
      let slot = 0;
      for (const block of blocksOf(index)) {
        const firstRow = block * blockRows;
        stretches.push({ firstRow, rows: rowsOfBlock(block) });
        for (let i = 0; i < rowsOfBlock(block); i++) rowOfSlot[slot++] = firstRow + i;
      }
      return { stretches, order: permutation(slot, mixSeeds(seed, index + 1)), rowOfSlot };
    },
  };
}
