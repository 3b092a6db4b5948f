/**
 * Sums, largest and smallest along the middle axis of [outer, length, inner]. The axis is cut into blocks by shape alone;
 * one run reduces each block to a partial result, a second one the partial results. Within a block of numbers that follow
 * each other (inner = 1) 16 chains run side by side; otherwise one chain per column, in order.
 *
 * Each operation is a class with two methods, so that the loops are compiled once for each with the operation inside.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { nextTile } from "./control";

/** Numbers per tile, about. */
const CHUNK: usize = 16384;
/** Columns per tile: four rows of them and the result stay in L1. */
const STRIP: usize = 1024;

class Sum {
  start(): f32 {
    return 0;
  }
  of(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

/** NaN wins: a pmax keeps one on the left, the comparison brings in one on the right (a third of f32x4.max's cost). */
class Largest {
  start(): f32 {
    return -Infinity;
  }
  of(a: v128, b: v128): v128 {
    return v128.or(f32x4.pmax(a, b), f32x4.ne(b, b));
  }
}

class Smallest {
  start(): f32 {
    return Infinity;
  }
  of(a: v128, b: v128): v128 {
    return v128.or(f32x4.pmin(a, b), f32x4.ne(b, b));
  }
}

/**
 * out [outer, blocks, inner], blocks = ceil(length / blockLength): each block reduced by op 0 (sum), 1 (max) or 2 (min),
 * divided by `divisor`.
 */
export function reduce(
  thread: usize,
  op: i32,
  x: usize,
  out: usize,
  outer: usize,
  length: usize,
  inner: usize,
  blockLength: usize,
  divisor: f32,
): void {
  if (op == 0) reduceBy<Sum>(x, out, outer, length, inner, blockLength, divisor);
  else if (op == 1) reduceBy<Largest>(x, out, outer, length, inner, blockLength, divisor);
  else reduceBy<Smallest>(x, out, outer, length, inner, blockLength, divisor);
}

function reduceBy<Op>(
  x: usize,
  out: usize,
  outer: usize,
  length: usize,
  inner: usize,
  blockLength: usize,
  divisor: f32,
): void {
  const blocks = ceilDiv(length, blockLength);
  const strips = ceilDiv(inner, STRIP);
  const units = outer * blocks * strips;
  // A strip of one block is a unit; short ones are taken several at a time.
  const unitsPerTile = ceilDiv(CHUNK, blockLength * smaller(inner, STRIP));
  for (;;) {
    const first = nextTile() * unitsPerTile;
    if (first >= units) break;
    const last = smaller(units, first + unitsPerTile);
    if (inner == 1 && blocks == 1) {
      for (let o = first; o < last; o++) store<f32>(out + 4 * o, reduceRun<Op>(x + 4 * o * length, length) / divisor);
      continue;
    }
    for (let u = first; u < last; u++) {
      const block = u / strips; // of all outer * blocks
      const j = (u % strips) * STRIP;
      const o = block / blocks;
      const from = (block % blocks) * blockLength;
      const count = smaller(blockLength, length - from);
      const source = x + 4 * ((o * length + from) * inner + j);
      const to = out + 4 * (block * inner + j);
      if (inner == 1) {
        store<f32>(to, reduceRun<Op>(source, count) / divisor);
      } else {
        const width = smaller(STRIP, inner - j);
        reduceRows<Op>(source, count, inner, to, width);
        if (divisor != 1)
          for (let c: usize = 0; c < width; c++) store<f32>(to + 4 * c, load<f32>(to + 4 * c) / divisor);
      }
    }
  }
}

/** Of n numbers that follow each other. */
function reduceRun<Op>(x: usize, n: usize): f32 {
  const op = changetype<Op>(0);
  let s0 = f32x4.splat(op.start());
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; n >= 16; n -= 16, x += 64) {
    s0 = op.of(s0, v128.load(x));
    s1 = op.of(s1, v128.load(x, 16));
    s2 = op.of(s2, v128.load(x, 32));
    s3 = op.of(s3, v128.load(x, 48));
  }
  for (; n >= 4; n -= 4, x += 16) s0 = op.of(s0, v128.load(x));
  let s = op.of(op.of(s0, s1), op.of(s2, s3));
  s = op.of(s, i32x4.shuffle(s, s, 1, 0, 3, 2));
  s = op.of(s, i32x4.shuffle(s, s, 2, 3, 0, 1));
  for (; n > 0; n--, x += 4) s = op.of(s, v128.load32_splat(x));
  return f32x4.extract_lane(s, 0);
}

/** to [width] of `rows` rows, `stride` numbers apart: eight at a time, so that the result is loaded and stored once for eight. */
function reduceRows<Op>(x: usize, rows: usize, stride: usize, to: usize, width: usize): void {
  const op = changetype<Op>(0);
  const bytes: usize = 4 * stride;
  for (let c: usize = 0; c < width; c++) store<f32>(to + 4 * c, op.start());
  for (; rows >= 8; rows -= 8, x += 8 * bytes) {
    let at = x;
    let c: usize = 0;
    for (; c + 4 <= width; c += 4, at += 16) {
      const lower = at + 4 * bytes;
      let s = op.of(v128.load(to + 4 * c), v128.load(at));
      s = op.of(s, v128.load(at + bytes));
      s = op.of(s, v128.load(at + 2 * bytes));
      s = op.of(s, v128.load(at + 3 * bytes));
      s = op.of(s, v128.load(lower));
      s = op.of(s, v128.load(lower + bytes));
      s = op.of(s, v128.load(lower + 2 * bytes));
      s = op.of(s, v128.load(lower + 3 * bytes));
      v128.store(to + 4 * c, s);
    }
    for (; c < width; c++, at += 4) {
      let s = v128.load32_splat(to + 4 * c);
      for (let r: usize = 0; r < 8; r++) s = op.of(s, v128.load32_splat(at + r * bytes));
      v128.store32_lane(to + 4 * c, s, 0);
    }
  }
  for (; rows > 0; rows--, x += bytes) {
    let c: usize = 0;
    for (; c + 4 <= width; c += 4) {
      v128.store(to + 4 * c, op.of(v128.load(to + 4 * c), v128.load(x + 4 * c)));
    }
    for (; c < width; c++) {
      v128.store32_lane(to + 4 * c, op.of(v128.load32_splat(to + 4 * c), v128.load32_splat(x + 4 * c)), 0);
    }
  }
}
