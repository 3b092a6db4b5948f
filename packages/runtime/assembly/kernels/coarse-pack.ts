/**
 * W_enc [d, f] as coarse scoring wants it: integer codes in panels (for the tile) and in rows (for one candidate), float
 * rows (to score a candidate exactly), and per latent the scale, the norms that bound the error, and the accumulator's
 * start. One pass over W: 16 latents, whose 64-byte lines are read once, are a tile.
 */
import { ceilDiv, smaller } from "./arithmetic";
import { encodeCodes, largestAbs, NORM_LIMIT, normAbove, offsetOf, sumCodes } from "./coarse-codes";
import { nextTile, report } from "./control";
import { transpose4 } from "./pack";
import { TILE_COLUMNS } from "./tile";
import { startRow } from "./weighted-rows";

/** Latents per tile, and per entry of {@link groupNormsOf}. */
const LATENTS: usize = 16;

/** d rounded up to whole vectors of codes: the length of a row of floats or codes. */
export function paddedDepth(d: usize): usize {
  return (d + 15) & ~15;
}

/** f rounded up to whole tiles: how many latents the packed form has; those past f are zeros. */
export function paddedLatents(f: usize): usize {
  return (f + LATENTS - 1) & ~(LATENTS - 1);
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

/** Reports the first latent whose norm is not below NORM_LIMIT. Scratch per thread: 4 * dp bytes. */
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
  const rest = scratch + thread * scratchStride;
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
  const count = ceilDiv(f, LATENTS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const j0 = t * LATENTS;
    const some = smaller(LATENTS, f - j0);
    gatherColumns(w + 4 * j0, d, f, some, rows + 4 * j0 * dp, dp);

    let groupNorm: f32 = 0;
    let groupRest: f32 = 0;
    for (let j = j0; j < j0 + LATENTS; j++) {
      const row = rows + 4 * j * dp;
      const own = codes + j * dp * width;
      const most = largestAbs(row, dp);
      const scale = most / <f32>levels;
      // A subnormal scale has no finite inverse; its weights round to zeros and their norm is the error.
      const inverse: f32 = scale > 1e-36 ? <f32>levels / most : 0;
      encodeCodes(row, dp, scale, inverse, levels, 0, width, own, rest);
      const norm = normAbove(row, dp);
      const restNorm = normAbove(rest, dp);
      if (!(norm < NORM_LIMIT)) report(<i32>j);
      store<f32>(scales + 4 * j, scale);
      store<f32>(norms + 4 * j, norm);
      store<f32>(restNorms + 4 * j, restNorm);
      store<i32>(starts + 4 * j, -offsetOf(width) * sumCodes(own, dp, width));
      groupNorm = max(groupNorm, norm);
      groupRest = max(groupRest, restNorm);

      const panel = panels + (j / TILE_COLUMNS) * dp * TILE_COLUMNS * width + (j % TILE_COLUMNS) * 4;
      for (let q: usize = 0; q < (dp * width) >> 2; q++) {
        store<u32>(panel + q * TILE_COLUMNS * 4, load<u32>(own + 4 * q));
      }
    }
    store<f32>(groupNorms + 8 * t, groupNorm);
    store<f32>(groupNorms + 8 * t, groupRest, 4);
  }
}

/** The first `some` columns of 16 as rows of dp, padded with zeros. */
function gatherColumns(w: usize, d: usize, f: usize, some: usize, rows: usize, dp: usize): void {
  let i: usize = 0;
  if (some == LATENTS) {
    for (; i + 4 <= d; i += 4) {
      const from = w + 4 * i * f;
      for (let j: usize = 0; j < LATENTS; j += 4) transpose4(from + 4 * j, 4 * f, rows + 4 * (j * dp + i), 4 * dp);
    }
  }
  for (let j: usize = 0; j < some; j++) {
    for (let q = i; q < d; q++) store<f32>(rows + 4 * (j * dp + q), load<f32>(w + 4 * (q * f + j)));
  }
  for (let j: usize = 0; j < LATENTS; j++) {
    const first = j < some ? d : 0;
    startRow(rows + 4 * (j * dp + first), 0, dp - first);
  }
}
