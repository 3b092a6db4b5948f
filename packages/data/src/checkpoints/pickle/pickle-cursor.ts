/** Bytes of a pickle, read forward. Every length is checked against what is left before anything is made of it. */
import { PickleProblem } from "./pickle-value.ts";

/** Longest string read. Keys of a state_dict are far shorter; a string is no place for data. */
const MAX_STRING_BYTES = 1 << 16;
/** Longest line: a module or a name in it. */
const MAX_LINE_BYTES = 256;
const MAX_INTEGER_BYTES = 8;

export interface PickleCursor {
  readonly offset: number;
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  /** A length. @throws PickleProblem beyond 2^53 */
  u64(): number;
  f64(): number;
  /** Little endian two's complement of `bytes` bytes. */
  integer(bytes: number): number | bigint;
  text(bytes: number): string;
  /** Up to the next line feed. */
  line(): string;
  /** Bytes left. */
  left(): number;
}

export function pickleCursor(bytes: Uint8Array): PickleCursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  const left = (): number => bytes.length - at;
  /** Moves over `count` bytes; returns where they begin. */
  const take = (count: number): number => {
    if (count > left())
      throw new PickleProblem(`${count} bytes are announced, ${left()} are left; the pickle is cut off`);
    at += count;
    return at - count;
  };
  const decode = (begin: number, end: number): string => {
    try {
      return utf8.decode(bytes.subarray(begin, end));
    } catch {
      throw new PickleProblem("a string is not UTF-8");
    }
  };
  return {
    get offset() {
      return at;
    },
    left,
    u8: () => view.getUint8(take(1)),
    u16: () => view.getUint16(take(2), true),
    u32: () => view.getUint32(take(4), true),
    i32: () => view.getInt32(take(4), true),
    u64: () => {
      const value = view.getBigUint64(take(8), true);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw new PickleProblem(`${value} bytes are announced, ${left()} are left; the pickle is damaged`);
      }
      return Number(value);
    },
    f64: () => view.getFloat64(take(8), false),
    integer: (count) => {
      if (count > MAX_INTEGER_BYTES) {
        throw new PickleProblem(`an integer of ${count} bytes; at most ${MAX_INTEGER_BYTES} are read`);
      }
      const begin = take(count);
      let value = 0n;
      for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[begin + i]!);
      const signed = BigInt.asIntN(8 * count, value);
      return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
    },
    text: (count) => {
      if (count > MAX_STRING_BYTES) {
        throw new PickleProblem(`a string of ${count} bytes; at most ${MAX_STRING_BYTES} are read`);
      }
      const begin = take(count);
      return decode(begin, at);
    },
    line: () => {
      const begin = at;
      const end = bytes.subarray(begin, begin + MAX_LINE_BYTES + 1).indexOf(0x0a);
      if (end < 0) throw new PickleProblem(`no end of line within ${Math.min(left(), MAX_LINE_BYTES)} bytes`);
      take(end + 1);
      return decode(begin, begin + end);
    },
  };
}
