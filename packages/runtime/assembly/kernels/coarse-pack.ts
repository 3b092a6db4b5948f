/**
 * W_enc [d, f] as coarse scoring wants it: integer codes in panels (for the tile) and in rows (for one candidate), float
 * rows (to score a candidate exactly), and per latent the scale, the norms that bound the error, and the accumulator's
 * start. One pass over W, 64 latents at a time: 256 bytes of each row, for rows lie on different pages.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { encodeCodes, largestAbs, NORM_LIMIT, normAbove, offsetOf, sumCodes } from "./coarse-codes";
import { nextTile, report } from "./control";
import { packColumns, transpose4 } from "./pack";
import { startRow } from "./weighted-rows";

/** Latents per tile. */
const LATENTS: usize = 64;
/** Latents per entry of {@link groupNormsOf}. */
const LATENT_GROUP: usize = 16;
/** Rows of W that are gathered at a time: a line of every latent's row. */
const DEPTH: usize = 16;

/** d rounded up to whole vectors of codes: the length of a row of floats or codes. */
export function paddedDepth(d: usize): usize {
  return (d + 15) & ~15;
}

/** f rounded up to whole groups: how many latents the packed form has; those past f are zeros. */
export function paddedLatents(f: usize): usize {
  return (f + LATENT_GROUP - 1) & ~(LATENT_GROUP - 1);
}

// The packed form is one block; its size is repeated in src/engine/kernels/coarse-encoder.ts.

/** f32 [fp, dp]: W_enc transposed. */
export function rowsOf(packed: usize): usize {
  return packed;
}
/** Codes [fp, dp]. */
export function codesOf(packed: usize, dp: usize, fp: usize): usize {
  return packed + 4 * dp * fp;
}
/** The same codes as [fp / 8] panels of [dp / group, 8, group], group the codes in 4 bytes. */
export function panelsOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return codesOf(packed, dp, fp) + dp * fp * width;
}
/** f32 [fp]: what a code is multiplied by. */
export function scalesOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return panelsOf(packed, dp, fp, width) + dp * fp * width;
}
/** f32 [fp]: norms of the rows. */
export function normsOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return scalesOf(packed, dp, fp, width) + 4 * fp;
}
/** f32 [fp]: norms of the rows less scale times codes. */
export function restNormsOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return normsOf(packed, dp, fp, width) + 4 * fp;
}
/** i32 [fp]: where accumulators start, minus the offset of activations times the sum of codes. */
export function startsOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return restNormsOf(packed, dp, fp, width) + 4 * fp;
}
/** f32 [fp / 16, 2]: the largest norm and the largest rest norm of 16 latents. */
export function groupNormsOf(packed: usize, dp: usize, fp: usize, width: usize): usize {
  return startsOf(packed, dp, fp, width) + 4 * fp;
}

/** Reports the first latent whose norm is not below NORM_LIMIT. Scratch per thread: `4 * dp + 4096` bytes. */
export function packCoarse(
  thread: usize,
  w: usize,
  d: usize,
  f: usize,
  width: usize,
  levels: i32,
  packed: usize,
  scratch: usize,
  scratchStride: usize,
): void {
  const buffer = scratch + thread * scratchStride; // f32 [16, 64]
  const rest = buffer + 4 * DEPTH * LATENTS; // f32 [dp]
  const dp = paddedDepth(d);
  const fp = paddedLatents(f);
  const rows = rowsOf(packed);
  const codes = codesOf(packed, dp, fp);
  const panels = panelsOf(packed, dp, fp, width);
  const scales = scalesOf(packed, dp, fp, width);
  const norms = normsOf(packed, dp, fp, width);
  const restNorms = restNormsOf(packed, dp, fp, width);
  const starts = startsOf(packed, dp, fp, width);
  const groupNorms = groupNormsOf(packed, dp, fp, width);
  const words = (dp * width) >> 2; // 4-byte groups of codes per latent
  const count = ceilDiv(fp, LATENTS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const first = t * LATENTS;
    const end = smaller(fp, first + LATENTS);
    gatherColumns(w, d, f, first, end, rows, dp, buffer);
    for (let j = first; j < end; j++) {
      const row = rows + 4 * j * dp;
      const own = codes + j * dp * width;
      const most = largestAbs(row, dp);
      const scale = most / <f32>levels;
      // A subnormal scale has no finite inverse; its weights round to zeros and their norm is the error.
      const inverse: f32 = scale > 1e-36 ? <f32>levels / most : 0;
      encodeCodes(row, dp, scale, inverse, levels, 0, width, own, rest);
      const norm = normAbove(row, dp);
      if (!(norm < NORM_LIMIT)) report(<i32>j);
      store<f32>(scales + 4 * j, scale);
      store<f32>(norms + 4 * j, norm);
      store<f32>(restNorms + 4 * j, normAbove(rest, dp));
      store<i32>(starts + 4 * j, -offsetOf(width) * sumCodes(own, dp, width));
    }
    packColumns(codes + first * dp * width, 1, words, words, end - first, panels + first * dp * width);
    for (let j = first; j < end; j += LATENT_GROUP) {
      store<f32>(groupNorms + (j / LATENT_GROUP) * 8, largestAbs(norms + 4 * j, LATENT_GROUP));
      store<f32>(groupNorms + (j / LATENT_GROUP) * 8, largestAbs(restNorms + 4 * j, LATENT_GROUP), 4);
    }
  }
}

/** Columns `[first, end)` of W [d, f] as rows of dp, padded with zeros; columns past f are zeros. */
function gatherColumns(
  w: usize,
  d: usize,
  f: usize,
  first: usize,
  end: usize,
  rows: usize,
  dp: usize,
  buffer: usize,
): void {
  let i: usize = 0;
  if (first + LATENTS <= f) {
    for (; i + DEPTH <= d; i += DEPTH) {
      // By way of a buffer: rows of W, often a power of two apart, would push each other out of L1.
      for (let q: usize = 0; q < DEPTH; q++) {
        startRow(buffer + 4 * q * LATENTS, w + 4 * ((i + q) * f + first), LATENTS);
      }
      for (let j: usize = 0; j < LATENTS; j += 4) {
        for (let q: usize = 0; q < DEPTH; q += 4) {
          const to = rows + 4 * ((first + j) * dp + i + q);
          transpose4(buffer + 4 * (q * LATENTS + j), 4 * LATENTS, to, 4 * dp);
        }
      }
    }
  }
  for (let j = first; j < end; j++) {
    let q = i;
    if (j < f) {
      for (; q < d; q++) store<f32>(rows + 4 * (j * dp + q), load<f32>(w + 4 * (q * f + j)));
    }
    startRow(rows + 4 * (j * dp + q), 0, dp - q);
  }
}
