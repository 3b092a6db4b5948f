/**
 * Keeping the k largest of a stream of scores that arrives in ascending column order: a buffer of candidates per row, and a
 * threshold below which nothing is looked at twice. When the buffer is full it is cut to the k largest and the threshold
 * rises to the k-th. Exact, with ties to the lowest column: a later score that only equals the threshold has lost.
 *
 * Scores are held as i32 keys of the same order (-0 counted as 0), so that the k-th largest is found by bisecting the
 * integers with vector compares: no data-dependent branches, and no bad case beyond 32 passes.
 */
import { report } from "./control";

/** Below every key of a number: pads the buffer to whole vectors. */
const PADDING: i32 = i32.MIN_VALUE;

/** Bytes of a row's state: how many candidates (i32), and the threshold (f32; NaN until there is one, so that all pass). */
export const STATE_BYTES: usize = 8;

/** An i32 in the order of scores. Bits of a float whose sign is set order backwards; -0 becomes 0. */
export function keyOf(score: f32): i32 {
  return flip(reinterpret<i32>(score + 0));
}

export function scoreOf(key: i32): f32 {
  return reinterpret<f32>(flip(key));
}

/** Its own inverse. */
function flip(bits: i32): i32 {
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

export function clearState(state: usize): void {
  store<i32>(state, 0);
  store<f32>(state, NaN, 4);
}

/**
 * Offers scores of columns `[column, column + n)` of `row`. `keys` and `columns` hold `capacity` candidates, a multiple of
 * 16 and at least k + 16. A NaN is reported by its row and dropped.
 */
export function offerScores(
  scores: usize,
  n: usize,
  column: usize,
  keys: usize,
  columns: usize,
  state: usize,
  k: usize,
  capacity: usize,
  row: usize,
): void {
  let count = <usize>load<i32>(state);
  let threshold = load<f32>(state, 4);
  let t = f32x4.splat(threshold);
  let j: usize = 0;
  const whole = n & ~15;
  while (j < whole) {
    const at = scores + 4 * j;
    // Not "greater": a NaN must be seen, and so must everything while the threshold is NaN.
    const le0 = f32x4.le(v128.load(at), t);
    const le1 = f32x4.le(v128.load(at, 16), t);
    const le2 = f32x4.le(v128.load(at, 32), t);
    const le3 = f32x4.le(v128.load(at, 48), t);
    if (i32x4.all_true(v128.and(v128.and(le0, le1), v128.and(le2, le3)))) {
      j += 16;
      continue;
    }
    if (count + 16 > capacity) {
      threshold = keepLargest(keys, columns, count, k);
      count = k;
      t = f32x4.splat(threshold);
      continue;
    }
    let passed =
      0xffff ^
      (i32x4.bitmask(le0) | (i32x4.bitmask(le1) << 4) | (i32x4.bitmask(le2) << 8) | (i32x4.bitmask(le3) << 12));
    while (passed) {
      const e = <usize>ctz(passed);
      passed &= passed - 1;
      count = push(load<f32>(at + 4 * e), column + j + e, keys, columns, count, row);
    }
    j += 16;
  }
  while (j < n) {
    const score = load<f32>(scores + 4 * j);
    if (!(score <= threshold)) {
      if (count + 1 > capacity) {
        threshold = keepLargest(keys, columns, count, k);
        count = k;
        continue;
      }
      count = push(score, column + j, keys, columns, count, row);
    }
    j++;
  }
  store<i32>(state, <i32>count);
  store<f32>(state, threshold, 4);
}

/** Appends a candidate; the new count. */
function push(score: f32, column: usize, keys: usize, columns: usize, count: usize, row: usize): usize {
  if (score != score) {
    report(<i32>row);
    return count;
  }
  store<i32>(keys + 4 * count, keyOf(score));
  store<i32>(columns + 4 * count, <i32>column);
  return count + 1;
}

/** Writes the k best candidates of a row, columns ascending; fewer than k (NaN were dropped) are filled up with zeros. */
export function takeBest(keys: usize, columns: usize, state: usize, k: usize, values: usize, indices: usize): void {
  let count = <usize>load<i32>(state);
  if (count > k) {
    keepLargest(keys, columns, count, k);
    count = k;
  }
  for (let e: usize = 0; e < count; e++) {
    store<f32>(values + 4 * e, scoreOf(load<i32>(keys + 4 * e)));
    store<i32>(indices + 4 * e, load<i32>(columns + 4 * e));
  }
  for (let e = count; e < k; e++) {
    store<f32>(values + 4 * e, 0);
    store<i32>(indices + 4 * e, 0);
  }
}

/** Cuts n > k candidates to the k largest, in place and in order, ties to those that came first. The smallest kept score. */
export function keepLargest(keys: usize, columns: usize, n: usize, k: usize): f32 {
  const least = kthLargest(keys, n, k);
  let ties = k - (least < i32.MAX_VALUE ? countAtLeast(keys, padKeys(keys, n), least + 1) : 0);
  let kept: usize = 0;
  for (let e: usize = 0; e < n; e++) {
    const key = load<i32>(keys + 4 * e);
    const column = load<i32>(columns + 4 * e);
    const tied = (<usize>(key == least)) & (<usize>(ties > 0));
    ties -= tied;
    store<i32>(keys + 4 * kept, key);
    store<i32>(columns + 4 * kept, column);
    kept += (<usize>(key > least)) | tied;
  }
  return scoreOf(least);
}

/** The k-th largest of n >= k keys. Reads and writes up to 7 keys past n, which the capacity covers. */
export function kthLargest(keys: usize, n: usize, k: usize): i32 {
  const end = padKeys(keys, n);
  let least = v128.load(keys);
  let most = i32x4.splat(PADDING);
  const whole = keys + 4 * (n & ~3);
  for (let at = keys; at < whole; at += 16) {
    least = i32x4.min_s(least, v128.load(at));
    most = i32x4.max_s(most, v128.load(at));
  }
  let low = n < 4 ? i32.MAX_VALUE : minLane(least);
  let high = maxLane(most);
  for (let at = whole; at < keys + 4 * n; at += 4) {
    low = min(low, load<i32>(at));
    high = max(high, load<i32>(at));
  }
  // At least k keys are >= low, fewer than k are > high.
  while (low < high) {
    const middle = low + <i32>((<u32>(high - low + 1)) >> 1); // in (low, high]
    const above = countAtLeast(keys, end, middle);
    if (above > k) low = middle;
    else if (above < k) high = middle - 1;
    else return leastFrom(keys, end, middle);
  }
  return low;
}

/** Fills up to whole pairs of vectors; where they end. */
function padKeys(keys: usize, n: usize): usize {
  const end = keys + (((n + 7) & ~7) << 2);
  for (let at = keys + 4 * n; at < end; at += 4) store<i32>(at, PADDING);
  return end;
}

/** The smallest key that is at least `pivot`; there is one. */
function leastFrom(keys: usize, end: usize, pivot: i32): i32 {
  const p = i32x4.splat(pivot);
  const none = i32x4.splat(i32.MAX_VALUE);
  let least = none;
  for (let at = keys; at < end; at += 16) {
    const key = v128.load(at);
    least = i32x4.min_s(least, v128.bitselect(key, none, i32x4.ge_s(key, p)));
  }
  return minLane(least);
}

function countAtLeast(keys: usize, end: usize, pivot: i32): usize {
  const p = i32x4.splat(pivot);
  let a = i32x4.splat(0);
  let b = a;
  for (let at = keys; at < end; at += 32) {
    a = i32x4.sub(a, i32x4.ge_s(v128.load(at), p));
    b = i32x4.sub(b, i32x4.ge_s(v128.load(at, 16), p));
  }
  a = i32x4.add(a, b);
  return <usize>(
    (i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3))
  );
}

function minLane(v: v128): i32 {
  const a = min(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return min(a, min(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

function maxLane(v: v128): i32 {
  const a = max(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return max(a, max(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}
