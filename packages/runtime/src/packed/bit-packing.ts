/**
 * Codes as bits. The number of levels (max - min + 1) chooses the packing:
 *
 *     levels          2    3                  4    ..8  ..16  ..32  ..64  ..128  ..256
 *     bits per code   1    1.6 (5 per byte)   2    3    4     5     6     7      8
 *
 * Stored is `code - min`. Rows are row-major and start at a byte. Bits fill a byte from the lowest; a code may straddle two
 * bytes. Three levels are base-3 digits ("trits"), lowest first: 3^5 = 243 of a byte's 256 values. What is left over at the
 * end of a row is zero, so that equal codes are equal bytes.
 */
import { QsaeError, UsageError } from "../errors.ts";
import { unpackBits, unpackTrits } from "./unpack-digits.ts";

/** Packed bytes that no codes pack to. Readers of files turn it into a FormatError that names the file. */
export class InvalidCodesError extends QsaeError {
  override readonly name = "InvalidCodesError";
}

export type CodeRange = readonly [min: number, max: number];

/** A byte per code is the widest: more levels are what float16 is for. */
const MAX_LEVELS = 256;

const TRITS_PER_BYTE = 5;
const TRIT_BYTES = 3 ** TRITS_PER_BYTE;

/** What is wrong with a range of codes, if anything. */
export function codeRangeProblem([min, max]: CodeRange): string | undefined {
  const areInt16 = [min, max].every((code) => Number.isInteger(code) && Math.abs(code) <= 0x7fff);
  if (areInt16 && min < max && max - min < MAX_LEVELS) return undefined;
  return `codes [${min}, ${max}]: expected integers min < max within +-32767, at most ${MAX_LEVELS} levels`;
}

/**
 * Number of codes in `[min, max]`.
 *
 * @throws UsageError unless min and max are int16, min < max, and at most 256 codes lie between them
 */
export function levelCount(range: CodeRange): number {
  const problem = codeRangeProblem(range);
  if (problem !== undefined) throw new UsageError(problem);
  return range[1] - range[0] + 1;
}

/** Bits on disk per code: 1.6 for three levels, else ceil(log2(levels)). */
export function bitsPerCode(levels: number): number {
  return levels === 3 ? 8 / TRITS_PER_BYTE : 32 - Math.clz32(levels - 1);
}

/** Bytes of a packed row of `cols` codes. */
export function packedRowBytes(cols: number, levels: number): number {
  return levels === 3 ? Math.ceil(cols / TRITS_PER_BYTE) : Math.ceil((cols * bitsPerCode(levels)) / 8);
}

/**
 * Packs integer codes.
 *
 * @param codes `[rows, cols]` row-major
 * @returns `[rows, packedRowBytes(cols, levels)]`
 * @throws UsageError naming row and column of a code that is no integer or outside the range
 */
export function packCodes(codes: ArrayLike<number>, rows: number, cols: number, range: CodeRange): Uint8Array {
  const levels = levelCount(range);
  const [min, max] = range;
  if (codes.length !== rows * cols) {
    throw new UsageError(`packCodes: ${codes.length} codes given for [${rows}, ${cols}], which is ${rows * cols}`);
  }
  const rowBytes = packedRowBytes(cols, levels);
  const packed = new Uint8Array(rows * rowBytes); // [rows, rowBytes]
  const packRow = levels === 3 ? packTrits : packBits;
  const digits = new Uint8Array(cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const code = codes[row * cols + col]!;
      if (!Number.isInteger(code) || code < min || code > max) {
        throw new UsageError(`packCodes: row ${row}, column ${col}: ${code} is no integer in ${min}..${max}`);
      }
      digits[col] = code - min;
    }
    packRow(digits, packed, row * rowBytes, bitsPerCode(levels));
  }
  return packed;
}

/**
 * The inverse of {@link packCodes}.
 *
 * @returns `[rows, cols]` row-major
 * @throws InvalidCodesError naming the row if the bytes are too few or many, or no codes of this range pack to them
 */
export function unpackCodes(packed: Uint8Array, rows: number, cols: number, range: CodeRange): Int16Array {
  checkPackedLength(packed, rows, cols, range);
  const [min] = range;
  const codes = new Int16Array(rows * cols); // [rows, cols]
  const digits = new Uint8Array(cols);
  for (let row = 0, at = 0; row < rows; row++) {
    unpackRow(packed, row, cols, range, digits);
    for (let col = 0; col < cols; col++) codes[at++] = digits[col]! + min;
  }
  return codes;
}

/** @throws InvalidCodesError unless `packed` is as long as `[rows, cols]` codes are */
export function checkPackedLength(packed: Uint8Array, rows: number, cols: number, range: CodeRange): void {
  const bytes = rows * packedRowBytes(cols, levelCount(range));
  if (packed.length !== bytes) {
    throw new InvalidCodesError(
      `[${rows}, ${cols}] codes ${range[0]}..${range[1]} take ${bytes} bytes, not ${packed.length}`,
    );
  }
}

/**
 * Digits (`code - min`) of one row into `digits` `[cols]`; the caller has checked the length of `packed`.
 *
 * @throws InvalidCodesError naming the row if no codes of this range pack to its bytes
 */
export function unpackRow(packed: Uint8Array, row: number, cols: number, range: CodeRange, digits: Uint8Array): void {
  const levels = levelCount(range);
  const start = row * packedRowBytes(cols, levels);
  const valid =
    levels === 3
      ? unpackTrits(packed, start, digits)
      : unpackBits(packed, start, bitsPerCode(levels), digits) && allBelow(levels, digits);
  if (!valid) throw new InvalidCodesError(`row ${row} holds bytes that are no codes in ${range[0]}..${range[1]}`);
}

function allBelow(levels: number, digits: Uint8Array): boolean {
  if ((levels & (levels - 1)) === 0) return true; // every pattern of bits is a digit
  let largest = 0;
  for (const digit of digits) if (digit > largest) largest = digit;
  return largest < levels;
}

function packBits(digits: Uint8Array, packed: Uint8Array, start: number, bits: number): void {
  let at = start;
  let pending = 0;
  let pendingBits = 0;
  for (const digit of digits) {
    pending |= digit << pendingBits;
    pendingBits += bits;
    if (pendingBits >= 8) {
      packed[at++] = pending;
      pending >>= 8;
      pendingBits -= 8;
    }
  }
  if (pendingBits > 0) packed[at] = pending;
}

function packTrits(digits: Uint8Array, packed: Uint8Array, start: number): void {
  for (let col = 0, at = start; col < digits.length; at++) {
    for (let place = 1; place < TRIT_BYTES && col < digits.length; place *= 3) packed[at]! += digits[col++]! * place;
  }
}
