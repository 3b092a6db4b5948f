/** Passes over rows of a file: in file order with one positioned read per batch, or shuffled window by window. */
import { type Batch, type BatchOptions, mixSeeds } from "@qsae/core";
import { decodeFloats, NonFiniteError, UsageError } from "@qsae/runtime";

import type { OpenFile } from "../files/open-file.ts";
import { BYTES_PER_FLOAT, type RowLayout, type RowRange } from "./row-layout.ts";
import { planShuffle, type ShufflePlan, type ShuffleWindow } from "./shuffle-plan.ts";

/** The rows of a file that a source hands out. */
export interface Rows {
  readonly file: OpenFile;
  readonly layout: RowLayout;
  readonly range: Required<RowRange>;
  /** Memory for the window of a shuffled pass. */
  readonly shuffleBytes: number;
}

/**
 * Contiguous rows are read together, about this many bytes as float32: long enough for a disk, short enough that a window
 * holds thousands of blocks from all over the file (128 MiB / 32 KiB = 4096).
 */
const BLOCK_BYTES = 32 * 1024;
/** The type of a file must not decide the order of a pass: a transcoder's inputs may be F16 and its targets F32. */
const BYTES_PER_PLANNED_FLOAT = 4;
/** Blocks read at once when a window is filled. */
const CONCURRENT_READS = 16;
/** A larger batch is a mistake in the options, not a wish; float32. */
const MAX_BATCH_BYTES = 2 ** 31;

/** One pass. Options as in {@link BatchOptions}. */
export async function* batches(rows: Rows, options: BatchOptions): AsyncGenerator<Batch> {
  const { batchSize, first } = checkOptions(rows, options);
  const seed = options.seed === undefined ? undefined : mixSeeds(options.seed, options.epoch ?? 0);
  const { dIn, dtype } = rows.layout;
  const capacity = Math.min(batchSize, rows.range.tokens);
  const raw = new Uint8Array(capacity * dIn * BYTES_PER_FLOAT[dtype]);
  const values = new Float32Array(capacity * dIn);
  const numbers = new Int32Array(capacity);
  const fill = seed === undefined ? inFileOrder(rows) : shuffled(rows, seed);

  for (let place = first; place < rows.range.tokens; place += batchSize) {
    const n = Math.min(batchSize, rows.range.tokens - place);
    const batchRaw = raw.subarray(0, n * dIn * BYTES_PER_FLOAT[dtype]);
    const batchRows = numbers.subarray(0, n);
    await fill(place, batchRaw, batchRows);
    const x = values.subarray(0, n * dIn); // [n, d_in]
    decodeFloats(batchRaw, dtype, x);
    checkFinite(x, batchRows, rows);
    yield { x, n, rows: batchRows };
  }
}

/** Puts the raw rows at places `place ..` of the pass into `raw` and their row numbers into `numbers`. */
type Fill = (place: number, raw: Uint8Array, numbers: Int32Array) => Promise<void>;

function inFileOrder({ file, layout, range }: Rows): Fill {
  const rowBytes = layout.dIn * BYTES_PER_FLOAT[layout.dtype];
  return async (place, raw, numbers) => {
    const firstRow = range.from + place;
    await file.read(layout.begin + firstRow * rowBytes, raw);
    for (let i = 0; i < numbers.length; i++) numbers[i] = firstRow + i;
  };
}

function shuffled(rows: Rows, seed: number): Fill {
  const { layout, range, shuffleBytes } = rows;
  const rowBytes = layout.dIn * BYTES_PER_FLOAT[layout.dtype];
  const plannedBytes = layout.dIn * BYTES_PER_PLANNED_FLOAT;
  const plan = planShuffle(
    range.tokens,
    Math.max(1, Math.floor(BLOCK_BYTES / plannedBytes)),
    Math.max(1, Math.floor(shuffleBytes / plannedBytes)),
    seed,
  );
  let open: { readonly index: number; readonly window: ShuffleWindow; readonly raw: Uint8Array } | undefined;
  return async (place, raw, numbers) => {
    for (let i = 0; i < numbers.length; i++) {
      const index = windowAt(plan, place + i, open?.index ?? 0);
      if (open?.index !== index) {
        const memory: Uint8Array | undefined = open?.raw;
        open = undefined;
        const window = plan.window(index);
        open = { index, window, raw: await readWindow(rows, window, memory) };
      }
      const slot = open.window.order[place + i - plan.starts[index]!]!;
      raw.set(open.raw.subarray(slot * rowBytes, (slot + 1) * rowBytes), i * rowBytes);
      numbers[i] = range.from + open.window.rowOfSlot[slot]!;
    }
  };
}

/** Places only grow, so the search goes on where it was. */
function windowAt(plan: ShufflePlan, place: number, from: number): number {
  let index = from;
  while (place >= plan.starts[index + 1]!) index++;
  return index;
}

async function readWindow(rows: Rows, window: ShuffleWindow, memory: Uint8Array | undefined): Promise<Uint8Array> {
  const { file, layout, range } = rows;
  const rowBytes = layout.dIn * BYTES_PER_FLOAT[layout.dtype];
  const bytes = window.order.length * rowBytes;
  const raw = memory !== undefined && memory.byteLength >= bytes ? memory : new Uint8Array(bytes);
  const reads: (() => Promise<void>)[] = [];
  let at = 0;
  for (const { firstRow, rows: count } of window.stretches) {
    const into = raw.subarray(at, at + count * rowBytes);
    at += into.byteLength;
    reads.push(() => file.read(layout.begin + (range.from + firstRow) * rowBytes, into));
  }
  for (let i = 0; i < reads.length; i += CONCURRENT_READS) {
    await Promise.all(reads.slice(i, i + CONCURRENT_READS).map((read) => read()));
  }
  return raw;
}

function checkOptions(rows: Rows, options: BatchOptions): { readonly batchSize: number; readonly first: number } {
  const { batchSize, seed, epoch = 0, skipBatches = 0 } = options;
  const whole = (name: string, value: number, min: number): void => {
    if (!Number.isSafeInteger(value) || value < min) {
      throw new UsageError(`${rows.file.path}: ${name}=${value}; expected an integer of at least ${min}`);
    }
  };
  whole("batchSize", batchSize, 1);
  whole("epoch", epoch, 0);
  whole("skipBatches", skipBatches, 0);
  if (seed !== undefined) whole("seed", seed, 0);
  const bytes = Math.min(batchSize, rows.range.tokens) * rows.layout.dIn * 4;
  if (bytes > MAX_BATCH_BYTES) {
    throw new UsageError(
      `${rows.file.path}: a batch of ${batchSize} tokens of width ${rows.layout.dIn} takes ${bytes} bytes; ` +
        `at most ${MAX_BATCH_BYTES} are allowed; lower batchSize`,
    );
  }
  return { batchSize, first: batchSize * skipBatches };
}

function checkFinite(x: Float32Array, numbers: Int32Array, { file, layout }: Rows): void {
  for (let i = 0; i < x.length; i++) {
    // True for NaN and both infinities alone.
    if (x[i]! - x[i]! !== 0) {
      const row = numbers[Math.floor(i / layout.dIn)]!;
      const tensor = layout.tensor === undefined ? "" : ` of tensor ${layout.tensor}`;
      throw new NonFiniteError(
        `${file.path}: ${x[i]!} in row ${row}, column ${i % layout.dIn}${tensor}; activations must be finite`,
      );
    }
  }
}
