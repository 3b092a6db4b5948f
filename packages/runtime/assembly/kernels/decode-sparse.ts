/** Sparse latents against the dictionary: reconstructions, and the gradient to the latents' values. */
import { ceilDiv, smaller } from "./arithmetic";
import { beat, nextTile, report } from "./control";
import { addScaled, dot } from "./matvec";
import { addFourRows, startRow } from "./weighted-rows";

const ROWS: usize = 8;

/** Entries of row i: `[i * k, (i + 1) * k)`, or by `offsets [n + 1]` where given. */
export function rowStart(offsets: usize, k: usize, i: usize): usize {
  return offsets ? <usize>load<i32>(offsets + 4 * i) : i * k;
}

/** out [n, d] = sum_j values[i, j] weights[indices[i, j]] + bias; weights [f, d]. Reports an index outside 0 .. f - 1. */
export function decodeSparse(
  thread: usize,
  values: usize,
  indices: usize,
  offsets: usize,
  weights: usize,
  bias: usize,
  out: usize,
  n: usize,
  k: usize,
  d: usize,
  f: usize,
): void {
  const count = ceilDiv(n, ROWS);
  const stride: usize = 4 * d;
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(n, (t + 1) * ROWS);
    for (let i = t * ROWS; i < end; i++) {
      const to = out + i * stride;
      startRow(to, bias, d);
      let e = rowStart(offsets, k, i);
      const last = rowStart(offsets, k, i + 1);
      if (!indicesInRange(indices, e, last, f)) continue;
      for (; e + 4 <= last; e += 4) {
        const v = values + 4 * e;
        const j = indices + 4 * e;
        addFourRows(
          to,
          d,
          load<f32>(v),
          weights + <usize>load<i32>(j) * stride,
          load<f32>(v, 4),
          weights + <usize>load<i32>(j, 4) * stride,
          load<f32>(v, 8),
          weights + <usize>load<i32>(j, 8) * stride,
          load<f32>(v, 12),
          weights + <usize>load<i32>(j, 12) * stride,
        );
      }
      for (; e < last; e++) {
        addScaled(to, load<f32>(values + 4 * e), weights + <usize>load<i32>(indices + 4 * e) * stride, d);
      }
    }
    beat();
  }
}

/** out [n, k] = <dOut[i], weights[indices[i, j]]>; dOut [n, d], weights [f, d]. Reports an index outside 0 .. f - 1. */
export function latentGradient(
  thread: usize,
  dOut: usize,
  weights: usize,
  indices: usize,
  offsets: usize,
  out: usize,
  n: usize,
  k: usize,
  d: usize,
  f: usize,
): void {
  const count = ceilDiv(n, ROWS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(n, (t + 1) * ROWS);
    for (let i = t * ROWS; i < end; i++) {
      const first = rowStart(offsets, k, i);
      const last = rowStart(offsets, k, i + 1);
      if (!indicesInRange(indices, first, last, f)) continue;
      for (let e = first; e < last; e++) {
        store<f32>(out + 4 * e, dot(dOut + 4 * i * d, weights + 4 * <usize>load<i32>(indices + 4 * e) * d, d));
      }
    }
    beat();
  }
}

/** Whether entries `[first, last)` index below f; reports the first that does not. */
export function indicesInRange(indices: usize, first: usize, last: usize, f: usize): bool {
  for (let e = first; e < last; e++) {
    if (<usize>load<i32>(indices + 4 * e) >= f) {
      report(<i32>e);
      return false;
    }
  }
  return true;
}
