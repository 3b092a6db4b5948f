/**
 * Blocks of one growing memory. The books are kept on this side, not in the memory: a kernel that writes past its output
 * cannot corrupt them.
 *
 * Blocks up to 32 KiB come from size classes (four per power of two) carved out of 256 KiB slabs: a training step makes
 * thousands of the same few. Larger ones are ranges in units of 4 KiB, first fit by address, and neighbours merge when
 * they are freed: batches of varying size must not split 4 GiB into pieces that fit nothing.
 */
import { UsageError } from "../errors.ts";
import type { Pointer } from "./pointer.ts";

const ALIGNMENT = 64;
const UNIT = 4096;
const LARGEST_SMALL = 32768;
const SLAB = 262144;

/** Free bytes `[start, end)`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Allocator {
  readonly liveBytes: number;
  readonly liveBlocks: number;
  /** `undefined` when the memory cannot grow enough. */
  allocate(bytes: number): Pointer | undefined;
  /** @throws UsageError if `pointer` is not the start of a live block */
  free(pointer: Pointer): void;
  owns(pointer: Pointer): boolean;
}

/**
 * @param start first byte that may be handed out, a multiple of 4096
 * @param growTo makes the memory at least this many bytes long; `false` if it cannot
 */
export function createAllocator(start: number, growTo: (bytes: number) => boolean): Allocator {
  const live = new Map<Pointer, number>(); // start -> rounded size
  const small = new Map<number, Pointer[]>(); // size class -> free blocks
  const free: Range[] = []; // by address, never adjacent
  let top = start; // end of what was ever handed out
  let liveBytes = 0;

  const takeRange = (bytes: number): Pointer | undefined => {
    const at = free.findIndex((range) => range.end - range.start >= bytes);
    if (at >= 0) {
      const range = free[at]!;
      if (range.end - range.start === bytes) free.splice(at, 1);
      else free[at] = { start: range.start + bytes, end: range.end };
      return range.start;
    }
    const last = free.at(-1);
    const from = last !== undefined && last.end === top ? last.start : top;
    if (!growTo(from + bytes)) return undefined;
    if (from < top) free.pop();
    top = from + bytes;
    return from;
  };

  const giveRange = (from: number, end: number): void => {
    let at = free.findIndex((range) => range.start > from);
    if (at < 0) at = free.length;
    const before = free[at - 1];
    const after = free[at];
    const joinsBefore = before?.end === from;
    const joinsAfter = after?.start === end;
    const merged = { start: joinsBefore ? before.start : from, end: joinsAfter ? after.end : end };
    free.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), merged);
  };

  const takeSmall = (size: number): Pointer | undefined => {
    let blocks = small.get(size);
    if (blocks === undefined) small.set(size, (blocks = []));
    if (blocks.length === 0) {
      const slab = takeRange(SLAB);
      if (slab === undefined) return undefined;
      for (let at = slab + SLAB - size; at >= slab; at -= size) blocks.push(at);
    }
    return blocks.pop();
  };

  return {
    get liveBytes() {
      return liveBytes;
    },
    get liveBlocks() {
      return live.size;
    },
    owns: (pointer) => live.has(pointer),
    allocate(bytes) {
      const size = roundedSize(bytes);
      const pointer = size <= LARGEST_SMALL ? takeSmall(size) : takeRange(size);
      if (pointer === undefined) return undefined;
      live.set(pointer, size);
      liveBytes += size;
      return pointer;
    },
    free(pointer) {
      const size = live.get(pointer);
      if (size === undefined) {
        throw new UsageError(
          `engine.free: ${pointer} is not the start of a live block; it was freed before or never allocated`,
        );
      }
      live.delete(pointer);
      liveBytes -= size;
      if (size <= LARGEST_SMALL) small.get(size)!.push(pointer);
      else giveRange(pointer, pointer + size);
    },
  };
}

/** What a request costs: a size class with at most a quarter of waste, or whole units. */
function roundedSize(bytes: number): number {
  if (bytes <= ALIGNMENT) return ALIGNMENT;
  if (bytes > LARGEST_SMALL) return Math.ceil(bytes / UNIT) * UNIT;
  const step = Math.max(ALIGNMENT, 2 ** (Math.ceil(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}
