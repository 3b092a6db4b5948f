/**
 * The control block: the first 4 KiB of the engine's memory, through which the threads of a job agree. Words that threads
 * wait on or count in lie on cache lines of their own. The kernels know TILE, STATUS, PROGRESS, ZEROS and CONSTANTS by the
 * same addresses (assembly/kernels/control.ts).
 */

/** Byte offsets of i32 words. */
export const controlWords = {
  /** Grows by one per job; workers wait on it. */
  generation: 64,
  /** Who is inside the job: see {@link GATE_CLOSED}. */
  gate: 128,
  /** The next tile that nobody has taken. Outside the arguments: it changes while they are read. */
  tile: 192,
  /** What a kernel reports: the smallest of what its threads report, {@link STATUS_CLEAR} when nothing. */
  status: 256,
  /** Grows while a thread is inside a long tile. */
  progress: 320,
  /** Index of the kernel in the list that workers were started with. */
  kernel: 384,
  argumentCount: 388,
  /** Which worker trapped, plus one; 0 for none. */
  trapped: 392,
  /** Bytes of the trap's message at {@link MESSAGE_START}. */
  messageLength: 396,
} as const;

/**
 * The gate: bit 31 says that nobody may enter, bits 16 .. 30 are the epoch, bits 0 .. 15 count the workers inside. The epoch
 * moves when workers are given up for dead, so that one that was only slow can no longer enter or count itself out.
 */
export const GATE_CLOSED = -2147483648;
export const EPOCH_SHIFT = 16;
export const EPOCH_MASK = 0x7fff0000;
export const INSIDE_MASK = 0xffff;
export const STATUS_CLEAR = 0x7fffffff;

/** The kernel's arguments, as f64. */
export const ARGUMENTS_START = 512;
export const MAX_ARGUMENTS = 64;
export const MESSAGE_START = 1024;
export const MAX_MESSAGE_BYTES = 1024;
/** 64 bytes that nobody writes. */
export const ZEROS_START = 2048;
/** 1 KiB that kernels keep constants in while they run. */
export const CONSTANTS_START = 2112;
/** Blocks start here. */
export const HEAP_START = 4096;

/** Index of a word in an Int32Array over the memory. */
export const wordIndex = (name: keyof typeof controlWords): number => controlWords[name] / 4;
