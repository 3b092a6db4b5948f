/**
 * The control block: the first bytes of memory, through which the threads of a job agree.
 * Addresses are repeated in src/engine/control-block.ts; a test holds the two together.
 */

/** i32: the next tile (or row) of the running job that nobody has taken. */
export const TILE: usize = 192;
/** i32: what a kernel reports, the smallest of what its threads report. The engine sets it to 0x7fffffff before a job. */
export const STATUS: usize = 256;
/** i32: grows while a thread is inside a long tile, so that slow is told from dead. */
export const PROGRESS: usize = 320;
/** 64 bytes that are always zero: where accumulators start without a bias. */
export const ZEROS: usize = 2048;
/** 1 KiB for constants that a kernel reads from memory: it writes them first, all threads the same. */
export const CONSTANTS: usize = 2112;

/** Takes one tile. Tiles are handed out in order; a thread stops at the first one past its job's end. */
export function nextTile(): usize {
  if (ASC_FEATURE_THREADS) return <usize>atomic.add<i32>(TILE, 1);
  const tile = load<i32>(TILE);
  store<i32>(TILE, tile + 1);
  return <usize>tile;
}

/**
 * Takes rows `[from, from + n)` of `total`, returned as `from`; n is stored by the caller as {@link takenRows} of it.
 * Shares shrink toward the end of the job (a quarter of what is left, in whole units, at most `most`), so that threads
 * finish together although a full share takes milliseconds.
 */
export function takeRows(total: usize, unit: usize, most: usize): usize {
  if (ASC_FEATURE_THREADS) {
    for (;;) {
      const from = <usize>atomic.load<i32>(TILE);
      if (from >= total) return total;
      const next = from + takenRows(from, total, unit, most);
      if (<usize>atomic.cmpxchg<i32>(TILE, <i32>from, <i32>next) == from) return from;
    }
  }
  const from = <usize>load<i32>(TILE);
  if (from < total) store<i32>(TILE, <i32>(from + takenRows(from, total, unit, most)));
  return from;
}

/** How many rows {@link takeRows} took at `from`: the same rule, so that no second word has to be handed over. */
export function takenRows(from: usize, total: usize, unit: usize, most: usize): usize {
  const left = total - from;
  let rows = ((left >> 2) / unit) * unit;
  if (rows < unit << 1) rows = unit << 1;
  if (rows > most) rows = most;
  return rows < left ? rows : left;
}

/** Says that a long tile is still moving. */
export function beat(): void {
  if (ASC_FEATURE_THREADS) atomic.add<i32>(PROGRESS, 1);
}

/** Reports a number (a row that is not finite, an index out of range); the smallest one of the job stays. */
export function report(value: i32): void {
  if (ASC_FEATURE_THREADS) {
    for (;;) {
      const seen = atomic.load<i32>(STATUS);
      if (seen <= value) return;
      if (atomic.cmpxchg<i32>(STATUS, seen, value) == seen) return;
    }
  }
  if (load<i32>(STATUS) > value) store<i32>(STATUS, value);
}

/** Adds to an i32 that several threads count in; what it was before. */
export function addShared(at: usize, amount: i32): i32 {
  if (ASC_FEATURE_THREADS) return atomic.add<i32>(at, amount);
  const before = load<i32>(at);
  store<i32>(at, before + amount);
  return before;
}
