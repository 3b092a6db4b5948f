/**
 * Functions of one and of two numbers, elementwise (the loops: build/generate-elementwise.ts), and choices between two.
 * Bound by memory, except exp, log, sigmoid and tanh.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { binaryRun, binaryRunLeft, binaryRunRight } from "./binary-loops";
import { nextTile } from "./control";
import { writeConstants } from "./exponential";
import { loadPart, storePart } from "./lanes";
import { unaryRun } from "./unary-loops";

/** Numbers per tile: 64 KB, so that what two threads take in turn is long against the taking. */
const CHUNK: usize = 16384;

/** out = op(x), length numbers. */
export function unary(thread: usize, op: i32, x: usize, out: usize, length: usize, alpha: f32, beta: f32): void {
  writeConstants();
  for (;;) {
    const from = nextTile() * CHUNK;
    if (from >= length) break;
    unaryRun(op, x + 4 * from, out + 4 * from, smaller(CHUNK, length - from), f32x4.splat(alpha), f32x4.splat(beta));
  }
}

/**
 * out [rows0, rows1, rows2, n] = op(a, b). Strides in numbers, 0 where an operand repeats; along n an operand is either
 * dense (`aMoves`, `bMoves` 1) or one number.
 */
export function binary(
  thread: usize,
  op: i32,
  a: usize,
  b: usize,
  out: usize,
  rows0: usize,
  rows1: usize,
  rows2: usize,
  n: usize,
  aStride0: usize,
  aStride1: usize,
  aStride2: usize,
  aMoves: usize,
  bStride0: usize,
  bStride1: usize,
  bStride2: usize,
  bMoves: usize,
): void {
  const rows = rows0 * rows1 * rows2;
  // A tile is some whole rows, or a piece of one.
  const pieces = ceilDiv(n, CHUNK);
  const rowsPerTile: usize = pieces > 1 ? 1 : CHUNK / n;
  for (;;) {
    const t = nextTile();
    const first = (t / pieces) * rowsPerTile;
    if (first >= rows) break;
    const j = (t % pieces) * CHUNK;
    const width = smaller(CHUNK, n - j);
    let i2 = first % rows2;
    let i1 = (first / rows2) % rows1;
    let i0 = first / (rows2 * rows1);
    const last = smaller(rows, first + rowsPerTile);
    for (let i = first; i < last; i++) {
      const x = a + 4 * (i0 * aStride0 + i1 * aStride1 + i2 * aStride2 + j * aMoves);
      const y = b + 4 * (i0 * bStride0 + i1 * bStride1 + i2 * bStride2 + j * bMoves);
      const to = out + 4 * (i * n + j);
      if (aMoves & bMoves) binaryRun(op, x, y, to, width);
      else if (aMoves) binaryRunLeft(op, x, y, to, width);
      else binaryRunRight(op, x, y, to, width);
      if (++i2 == rows2) {
        i2 = 0;
        if (++i1 == rows1) {
          i1 = 0;
          i0++;
        }
      }
    }
  }
}

/** out = condition != 0 ? a : b, length numbers. NaN is not zero. */
export function select(thread: usize, condition: usize, a: usize, b: usize, out: usize, length: usize): void {
  for (;;) {
    const from = nextTile() * CHUNK;
    if (from >= length) break;
    const end = smaller(length, from + CHUNK);
    let i = from;
    for (; i + 4 <= end; i += 4) {
      const isZero = f32x4.eq(v128.load(condition + 4 * i), f32x4.splat(0));
      v128.store(out + 4 * i, v128.bitselect(v128.load(b + 4 * i), v128.load(a + 4 * i), isZero));
    }
    if (i < end) {
      const isZero = f32x4.eq(loadPart(condition + 4 * i, end - i), f32x4.splat(0));
      const chosen = v128.bitselect(loadPart(b + 4 * i, end - i), loadPart(a + 4 * i, end - i), isZero);
      storePart(out + 4 * i, chosen, end - i);
    }
  }
}
