/**
 * Packed rows to digits (`code - min`), the hot loop of everything that reads codes: a loop of its own for each width, which
 * takes as many digits at a time as are whole bytes (eight of any width are), so that no digit waits for the one before it.
 */

const TRITS_PER_BYTE = 5;
const TRIT_BYTES = 3 ** TRITS_PER_BYTE;

/** The five base-3 digits of every byte that has them: `[243, 5]` */
const TRITS = Uint8Array.from(
  { length: TRIT_BYTES * TRITS_PER_BYTE },
  (_, at) => Math.floor(Math.floor(at / TRITS_PER_BYTE) / 3 ** (at % TRITS_PER_BYTE)) % 3,
);

/**
 * Base-3 digits of the row that starts at byte `start`.
 *
 * @returns whether the bytes are what digits of this number pack to
 */
export function unpackTrits(packed: Uint8Array, start: number, digits: Uint8Array): boolean {
  const cols = digits.length;
  const whole = cols - (cols % TRITS_PER_BYTE);
  let at = start;
  let largest = 0;
  for (let col = 0; col < whole; col += TRITS_PER_BYTE) {
    const byte = packed[at++]!;
    if (byte > largest) largest = byte;
    const from = byte * TRITS_PER_BYTE;
    digits[col] = TRITS[from]!;
    digits[col + 1] = TRITS[from + 1]!;
    digits[col + 2] = TRITS[from + 2]!;
    digits[col + 3] = TRITS[from + 3]!;
    digits[col + 4] = TRITS[from + 4]!;
  }
  if (largest >= TRIT_BYTES) return false;
  if (whole === cols) return true;
  const last = packed[at]!;
  for (let col = whole; col < cols; col++) digits[col] = TRITS[last * TRITS_PER_BYTE + col - whole]!;
  return last < 3 ** (cols - whole);
}

/**
 * Digits of `bits` bits of the row that starts at byte `start`.
 *
 * @returns whether the bits after the last digit are zero
 */
export function unpackBits(packed: Uint8Array, start: number, bits: number, digits: Uint8Array): boolean {
  if (bits === 8) {
    digits.set(packed.subarray(start, start + digits.length));
    return true;
  }
  const whole = digits.length & ~7; // eight digits of any width are whole bytes
  wholeBytes[bits - 1]!(packed, start, digits, whole);
  return unpackRest(packed, start + (whole >> 3) * bits, bits, digits, whole);
}

function unpackOnes(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 8, at++) {
    const byte = packed[at]!;
    digits[col] = byte & 1;
    digits[col + 1] = (byte >> 1) & 1;
    digits[col + 2] = (byte >> 2) & 1;
    digits[col + 3] = (byte >> 3) & 1;
    digits[col + 4] = (byte >> 4) & 1;
    digits[col + 5] = (byte >> 5) & 1;
    digits[col + 6] = (byte >> 6) & 1;
    digits[col + 7] = byte >> 7;
  }
}

function unpackTwos(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 4, at++) {
    const byte = packed[at]!;
    digits[col] = byte & 3;
    digits[col + 1] = (byte >> 2) & 3;
    digits[col + 2] = (byte >> 4) & 3;
    digits[col + 3] = byte >> 6;
  }
}

function unpackFours(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 2, at++) {
    const byte = packed[at]!;
    digits[col] = byte & 15;
    digits[col + 1] = byte >> 4;
  }
}

function unpackThrees(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 8, at += 3) {
    const eight = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16);
    digits[col] = eight & 7;
    digits[col + 1] = (eight >> 3) & 7;
    digits[col + 2] = (eight >> 6) & 7;
    digits[col + 3] = (eight >> 9) & 7;
    digits[col + 4] = (eight >> 12) & 7;
    digits[col + 5] = (eight >> 15) & 7;
    digits[col + 6] = (eight >> 18) & 7;
    digits[col + 7] = eight >> 21;
  }
}

function unpackFives(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 8, at += 5) {
    const third = packed[at + 2]!; // half of it belongs to the first four
    const first = packed[at]! | (packed[at + 1]! << 8) | (third << 16);
    const second = (third >> 4) | (packed[at + 3]! << 4) | (packed[at + 4]! << 12);
    digits[col] = first & 31;
    digits[col + 1] = (first >> 5) & 31;
    digits[col + 2] = (first >> 10) & 31;
    digits[col + 3] = (first >> 15) & 31;
    digits[col + 4] = second & 31;
    digits[col + 5] = (second >> 5) & 31;
    digits[col + 6] = (second >> 10) & 31;
    digits[col + 7] = second >> 15;
  }
}

function unpackSixes(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 4, at += 3) {
    const four = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16);
    digits[col] = four & 63;
    digits[col + 1] = (four >> 6) & 63;
    digits[col + 2] = (four >> 12) & 63;
    digits[col + 3] = four >> 18;
  }
}

function unpackSevens(packed: Uint8Array, start: number, digits: Uint8Array, whole: number): void {
  for (let col = 0, at = start; col < whole; col += 8, at += 7) {
    const fourth = packed[at + 3]!; // half of it belongs to the first four
    const first = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16) | (fourth << 24);
    const second = (fourth >> 4) | (packed[at + 4]! << 4) | (packed[at + 5]! << 12) | (packed[at + 6]! << 20);
    digits[col] = first & 127;
    digits[col + 1] = (first >> 7) & 127;
    digits[col + 2] = (first >> 14) & 127;
    digits[col + 3] = (first >> 21) & 127;
    digits[col + 4] = second & 127;
    digits[col + 5] = (second >> 7) & 127;
    digits[col + 6] = (second >> 14) & 127;
    digits[col + 7] = second >> 21;
  }
}

type Unpack = (packed: Uint8Array, start: number, digits: Uint8Array, whole: number) => void;

/** For 1 to 7 bits: the first `whole` digits. */
const wholeBytes: readonly Unpack[] = [
  unpackOnes,
  unpackTwos,
  unpackThrees,
  unpackFours,
  unpackFives,
  unpackSixes,
  unpackSevens,
];

/** Fewer than eight digits from byte `at` on. */
function unpackRest(packed: Uint8Array, at: number, bits: number, digits: Uint8Array, from: number): boolean {
  const mask = (1 << bits) - 1;
  let pending = 0;
  let pendingBits = 0;
  for (let col = from; col < digits.length; col++) {
    if (pendingBits < bits) {
      pending |= packed[at++]! << pendingBits;
      pendingBits += 8;
    }
    digits[col] = pending & mask;
    pending >>= bits;
    pendingBits -= bits;
  }
  return pending === 0;
}
