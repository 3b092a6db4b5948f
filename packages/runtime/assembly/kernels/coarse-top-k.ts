/**
 * Top-k by way of integer scores: every score coarsely in integers (4 times the multiply-adds per instruction of float32
 * where the machine has int8 dot products), candidates by intervals that provably hold the exact score
 * (interval-candidates.ts), and exact scores for those alone. In between, with codes of a byte, the activations' rounding
 * error is scored in codes of its own, which removes the larger part of the intervals. The result is bit for bit that of
 * encode-top-k.ts; or, without certificate, the k best of the `budget` best coarse scores.
 */
import { smaller } from "./arithmetic";
import { encodeCodes, largestAbs, NORM_LIMIT, normAbove, offsetOf } from "./coarse-codes";
import {
  codesOf,
  groupNormsOf,
  normsOf,
  paddedDepth,
  paddedLatents,
  panelsOf,
  restNormsOf,
  rowsOf,
  scalesOf,
  startsOf,
} from "./coarse-pack";
import { addShared, beat, report, takenRows, takeRows } from "./control";
import { DOT_ROWS, dotBytes, dotTileBytes, dotTileWords } from "./dot-tile";
import { AT_ONCE, scoreTwelve } from "./exact-scores";
import {
  CANDIDATE_BYTES,
  clearRecord,
  COUNT,
  cutCandidates,
  dotsOf,
  ERROR,
  FINE_ERROR,
  FINE_REACH,
  latentsOf,
  narrow,
  offerDots,
  OVERFLOWED,
  REACH,
  RECORD_BYTES,
  REST_SCALE,
  SCALE,
} from "./interval-candidates";
import { keyOf, takeBest } from "./select";
import { TILE_COLUMNS } from "./tile";
import { startRow } from "./weighted-rows";

const COLUMN_BLOCK: usize = 256;

/**
 * `budget`: how many lower ends set the threshold: k, or more without `certified`. `overflows` i32 [2 + n]: how many rows
 * had more candidates than `capacity`, how many candidates the others had, and those rows, in no order; their outputs are
 * not written. Reports the first row whose norm is not below NORM_LIMIT. `blockRows`: a
 * multiple of 5. Scratch per thread, in bytes, with dp = d rounded up to 16:
 * `blockRows * ((4 + 2 * width) * dp + 64 + 1024 + 16 * capacity) + (4 + width) * dp + 1024 + 128`.
 */
export function coarseTopK(
  thread: usize,
  x: usize,
  center: usize,
  packed: usize,
  bias: usize,
  values: usize,
  indices: usize,
  n: usize,
  d: usize,
  f: usize,
  k: usize,
  budget: usize,
  certified: bool,
  width: usize,
  levels: i32,
  capacity: usize,
  blockRows: usize,
  overflows: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const dp = paddedDepth(d);
  const groups = (dp * width) >> 2;
  const fp = paddedLatents(f);
  const panels = panelsOf(packed, dp, fp, width);
  const scales = scalesOf(packed, dp, fp, width);
  const norms = normsOf(packed, dp, fp, width);
  const restNorms = restNormsOf(packed, dp, fp, width);
  const starts = startsOf(packed, dp, fp, width);
  const groupNorms = groupNormsOf(packed, dp, fp, width);
  // 2 d roundings of the chain and those of the coarse score and the bounds, relative and, among subnormals, absolute
  const slack: f32 = certified ? <f32>(d + 32) * <f32>1.1920929e-7 : 0;
  const tiny: f32 = certified ? <f32>(d + d + 64) * <f32>1.4e-45 : 0;

  const exact = scratch + thread * scratchStride; // f32 [rows, dp]
  const records = exact + blockRows * dp * 4;
  const dots = records + blockRows * RECORD_BYTES; // i32 [rows, 256]
  const candidates = dots + blockRows * COLUMN_BLOCK * 4;
  const left = candidates + blockRows * capacity * CANDIDATE_BYTES; // panels of codes
  const restCodes = left + blockRows * dp * width; // [rows, dp]
  const rest = restCodes + blockRows * dp * width; // f32 [dp]
  const codes = rest + 4 * dp;
  const biasAbove = codes + dp * width; // f32 [256]
  const twelve = biasAbove + COLUMN_BLOCK * 4;

  for (;;) {
    const first = takeRows(n, DOT_ROWS, blockRows);
    if (first >= n) break;
    const rows = takenRows(first, n, DOT_ROWS, blockRows);
    for (let i: usize = 0; i < rows; i++) {
      const record = records + i * RECORD_BYTES;
      clearRecord(record, smaller(capacity, (4 * budget + 47) & ~15));
      const own = exact + 4 * i * dp;
      centerRow(x + 4 * (first + i) * d, center, d, dp, own);
      if (!encodeRow(own, dp, width, levels, record, codes, restCodes + i * dp * width, rest, slack)) {
        report(<i32>(first + i));
      }
      if (!certified) {
        store<f32>(record, 0, REACH);
        store<f32>(record, 0, ERROR);
      }
      const panel = left + (i / DOT_ROWS) * DOT_ROWS * dp * width + (i % DOT_ROWS) * 4;
      for (let q: usize = 0; q < groups; q++) store<u32>(panel + q * DOT_ROWS * 4, load<u32>(codes + 4 * q));
    }

    for (let c: usize = 0; c < fp; c += COLUMN_BLOCK) {
      const columns = smaller(COLUMN_BLOCK, fp - c);
      for (let j: usize = 0; j < columns; j += TILE_COLUMNS) {
        const panel = panels + (c + j) * dp * width;
        for (let i: usize = 0; i < rows; i += DOT_ROWS) {
          const to = dots + 4 * (i * COLUMN_BLOCK + j);
          const a = left + i * dp * width;
          const init = starts + 4 * (c + j);
          if (width == 1) dotTileBytes(groups, a, panel, to, 4 * COLUMN_BLOCK, init);
          else dotTileWords(groups, a, panel, to, 4 * COLUMN_BLOCK, init);
        }
      }
      addSlack(bias, c, columns, f, slack, tiny, biasAbove);
      for (let i: usize = 0; i < rows; i++) {
        const record = records + i * RECORD_BYTES;
        if (load<i32>(record, OVERFLOWED)) continue;
        offerDots(
          dots + 4 * i * COLUMN_BLOCK,
          columns,
          c,
          f,
          record,
          candidates + i * capacity * CANDIDATE_BYTES,
          budget,
          capacity,
          scales,
          norms,
          restNorms,
          groupNorms,
          bias,
          biasAbove,
          slack,
          tiny,
        );
      }
      beat();
    }

    let total: i32 = 0;
    for (let i: usize = 0; i < rows; i++) {
      const record = records + i * RECORD_BYTES;
      const own = candidates + i * capacity * CANDIDATE_BYTES;
      if (load<i32>(record, OVERFLOWED)) {
        store<i32>(overflows + 8 + 4 * addShared(overflows, 1), <i32>(first + i));
        continue;
      }
      cutCandidates(record, own, budget, capacity); // may leave the buffer full: nothing more is coming
      total += load<i32>(record, COUNT);
      if (width == 1 && certified && <usize>load<i32>(record, COUNT) > k + AT_ONCE) {
        narrowAll(record, own, capacity, restCodes + i * dp, packed, dp, fp, bias, slack, tiny);
        cutCandidates(record, own, k, capacity);
      }
      const to: usize = 4 * (first + i) * k;
      const scored = exactKeys(record, own, capacity, exact + 4 * i * dp, rowsOf(packed), dp, bias, twelve);
      store<i32>(twelve, scored);
      takeBest(own, latentsOf(own, capacity), twelve, k, values + to, indices + to);
    }
    addShared(overflows + 4, total);
  }
}

/** to [dp] = x [d] - center, padded with zeros. */
function centerRow(x: usize, center: usize, d: usize, dp: usize, to: usize): void {
  let i: usize = 0;
  for (; i + 4 <= d; i += 4) {
    const c = center ? v128.load(center + 4 * i) : f32x4.splat(0);
    v128.store(to + 4 * i, f32x4.sub(v128.load(x + 4 * i), c));
  }
  for (; i < d; i++) store<f32>(to + 4 * i, load<f32>(x + 4 * i) - (center ? load<f32>(center + 4 * i) : 0));
  startRow(to + 4 * d, 0, dp - d);
}

/** Codes of a row and of what they leave, and what its intervals are made of. False if its norm is not below NORM_LIMIT. */
function encodeRow(
  x: usize,
  dp: usize,
  width: usize,
  levels: i32,
  record: usize,
  codes: usize,
  restCodes: usize,
  rest: usize,
  slack: f32,
): bool {
  const most = largestAbs(x, dp);
  const scale = most / <f32>levels;
  encodeCodes(x, dp, scale, inverseOf(scale), levels, offsetOf(width), width, codes, rest);
  const norm = normAbove(x, dp);
  const restNorm = normAbove(rest, dp);
  store<f32>(record, scale, SCALE);
  store<f32>(record, norm + restNorm, REACH);
  store<f32>(record, restNorm + slack * norm, ERROR);
  if (width == 1) {
    const restScale = largestAbs(rest, dp) / <f32>levels;
    encodeCodes(rest, dp, restScale, inverseOf(restScale), levels, offsetOf(width), width, restCodes, rest);
    const fineNorm = normAbove(rest, dp);
    store<f32>(record, restScale, REST_SCALE);
    store<f32>(record, norm + fineNorm, FINE_REACH);
    store<f32>(record, fineNorm + slack * norm, FINE_ERROR);
  }
  return norm < NORM_LIMIT;
}

/** A scale near the subnormals has no finite inverse: all codes are 0 then, and the rest is the whole. */
function inverseOf(scale: f32): f32 {
  return scale > 1e-36 ? 1 / scale : 0;
}

/** to [columns] = bias + slack |bias| + tiny of latents from `first`, zeros without a bias and past f. */
function addSlack(bias: usize, first: usize, columns: usize, f: usize, slack: f32, tiny: f32, to: usize): void {
  for (let j: usize = 0; j < columns; j++) {
    const b: f32 = bias && first + j < f ? load<f32>(bias + 4 * (first + j)) : 0;
    store<f32>(to + 4 * j, b + (slack * abs<f32>(b) + tiny));
  }
}

/** Byte codes: narrower intervals for all candidates of a row: with <codes of the rest, codes_j> added to what is known. */
function narrowAll(
  record: usize,
  candidates: usize,
  capacity: usize,
  restCodes: usize,
  packed: usize,
  dp: usize,
  fp: usize,
  bias: usize,
  slack: f32,
  tiny: f32,
): void {
  const count = <usize>load<i32>(record, COUNT);
  const latents = latentsOf(candidates, capacity);
  const dots = dotsOf(candidates, capacity);
  const codes = codesOf(packed, dp, fp);
  const scales = scalesOf(packed, dp, fp, 1);
  const norms = normsOf(packed, dp, fp, 1);
  const restNorms = restNormsOf(packed, dp, fp, 1);
  const starts = startsOf(packed, dp, fp, 1);
  const scale = load<f32>(record, SCALE);
  const restScale = load<f32>(record, REST_SCALE);
  const reach = load<f32>(record, FINE_REACH);
  const error = load<f32>(record, FINE_ERROR);
  for (let e: usize = 0; e < count; e++) {
    const latent = <usize>load<i32>(latents + 4 * e);
    const w = codes + latent * dp;
    let a = i32x4.splat(0);
    for (let i: usize = 0; i < dp; i += 16) a = dotBytes(v128.load(restCodes + i), v128.load(w + i), a);
    const dot =
      load<i32>(starts + 4 * latent) +
      (i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3));
    const b: f32 = bias ? load<f32>(bias + 4 * latent) : 0;
    const x = scale * <f32>load<i32>(dots + 4 * e) + restScale * <f32>dot;
    const half =
      reach * load<f32>(restNorms + 4 * latent) + error * load<f32>(norms + 4 * latent) + slack * abs<f32>(b) + tiny;
    narrow(candidates, capacity, e, x * load<f32>(scales + 4 * latent) + b, half);
  }
}

/** Replaces the keys of a row's candidates by those of their exact scores; how many there are. */
function exactKeys(
  record: usize,
  candidates: usize,
  capacity: usize,
  x: usize,
  rows: usize,
  dp: usize,
  bias: usize,
  scratch: usize,
): i32 {
  const count = <usize>load<i32>(record, COUNT);
  const latents = latentsOf(candidates, capacity);
  const scores = scratch + 4 * AT_ONCE;
  for (let e: usize = 0; e < count; e += AT_ONCE) {
    const some = smaller(AT_ONCE, count - e);
    // The last call is filled up with its first latent.
    for (let q: usize = 0; q < AT_ONCE; q++) {
      store<i32>(scratch + 4 * q, load<i32>(latents + 4 * (e + (q < some ? q : 0))));
    }
    scoreTwelve(x, rows, dp, scratch, bias, scores);
    for (let q: usize = 0; q < some; q++) store<i32>(candidates + 4 * (e + q), keyOf(load<f32>(scores + 4 * q)));
  }
  return <i32>count;
}
