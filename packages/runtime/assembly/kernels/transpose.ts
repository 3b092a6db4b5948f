/**
 * out [n, m] = x [m, n] transposed: 4 x 4 numbers in registers, blocks of 16 rows so that each cache line of x is used whole
 * while it is near, and down before across, so that rows of `out` are written in runs that the processor fetches ahead. It
 * still waits for memory rather than being limited by its bandwidth. Sizes by trial on 8192 x 512, 512 x 8192, 2048 x 2048.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { nextTile } from "./control";

const BLOCK: usize = 16;
/** Columns and rows of x per tile. */
const ACROSS: usize = 64;
const DOWN: usize = 256;

export function transpose(thread: usize, x: usize, out: usize, m: usize, n: usize): void {
  const across = ceilDiv(n, ACROSS);
  const count = across * ceilDiv(m, DOWN);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const j = (t % across) * ACROSS;
    const jEnd = smaller(n, j + ACROSS);
    const i0 = (t / across) * DOWN;
    const iEnd = smaller(m, i0 + DOWN);
    for (let i = i0; i < iEnd; i += BLOCK) block(x, out, m, n, i, smaller(iEnd, i + BLOCK), j, jEnd);
  }
}

/** Rows i .. iEnd, columns j .. jEnd of x. */
function block(x: usize, out: usize, m: usize, n: usize, i: usize, iEnd: usize, j: usize, jEnd: usize): void {
  for (; j + 4 <= jEnd; j += 4) {
    let r = i;
    for (; r + 4 <= iEnd; r += 4) square(x + 4 * (r * n + j), 4 * n, out + 4 * (j * m + r), 4 * m);
    for (; r < iEnd; r++) {
      for (let c = j; c < j + 4; c++) store<f32>(out + 4 * (c * m + r), load<f32>(x + 4 * (r * n + c)));
    }
  }
  for (; j < jEnd; j++) {
    for (let r = i; r < iEnd; r++) store<f32>(out + 4 * (j * m + r), load<f32>(x + 4 * (r * n + j)));
  }
}

/** 4 x 4 numbers; strides in bytes. */
function square(x: usize, xStride: usize, out: usize, outStride: usize): void {
  const r0 = v128.load(x);
  const r1 = v128.load(x + xStride);
  const r2 = v128.load(x + 2 * xStride);
  const r3 = v128.load(x + 3 * xStride);
  const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(out, i64x2.shuffle(low01, low23, 0, 2));
  v128.store(out + outStride, i64x2.shuffle(low01, low23, 1, 3));
  v128.store(out + 2 * outStride, i64x2.shuffle(high01, high23, 0, 2));
  v128.store(out + 3 * outStride, i64x2.shuffle(high01, high23, 1, 3));
}
