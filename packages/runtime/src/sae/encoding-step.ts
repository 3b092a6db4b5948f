/** One stage of a block of tokens: what its scores are computed from, and the ways to give them back. */
import { NonFiniteError, UsageError } from "../errors.ts";
import { affineScores } from "./affine-scores.ts";
import { push, type LatentList } from "./latent-list.ts";
import type { PreparedStage } from "./prepare.ts";
import { ranking, selectorOf } from "./select.ts";

/** Latents are given row after row, any number of rows at a time, in any mixture of the three ways. */
export interface EncodingStep {
  /** Number of the stage. */
  readonly stage: number;
  /** Tokens of the block. */
  readonly rows: number;
  /** What is multiplied by W_enc, finite, `b_dec` subtracted where the stage does that: `[rows, d_in]`. Valid until the next step. */
  readonly u: Float64Array;

  /**
   * Selects by scores, `[.., d_sae]`.
   *
   * @throws NonFiniteError naming the token row of a score that is not finite
   */
  selectByScores(scores: Float32Array): void;

  /**
   * Selects among the k largest scores of each row, `[.., k]`, indices ascending and ties gone to the lowest.
   *
   * @throws UsageError if the stage does not select by rank
   */
  selectAmongLargest(values: Float32Array, indices: Int32Array): void;

  /**
   * Computes the scores of the next `count` rows in float64, rounds them to float32 and selects by them: what every other way
   * is measured against.
   *
   * @param encoder `[d_sae, d_in]`
   * @param count default: all that are left
   * @throws NonFiniteError naming the token row of a score that is not finite
   */
  interpret(encoder: Float32Array, count?: number): void;
}

/** Latents of the rows of a block so far; indices count within the stage. */
export interface StageLatents {
  readonly active: LatentList;
  /** `[tokens]`: end of each row's entries in `active`. */
  readonly ends: Int32Array;
  /** How many rows have theirs. */
  rows: number;
}

interface StepParts {
  readonly index: number;
  readonly stage: PreparedStage;
  readonly u: Float64Array;
  readonly rows: number;
  /** What errors call the first row. */
  readonly firstRow: number;
  readonly found: StageLatents;
  /** Working memory of so many numbers, the same from call to call. */
  readonly scratch: (length: number) => Float32Array;
}

/** Enough to use every encoder row 64 times while it is in cache; a block of activations stays in cache too. */
const INTERPRETED_ROWS = 64;
/** Fewer rows where the dictionary is wide: 16 MB of scores. */
const MAX_SCORES = 2 ** 22;

export function encodingStep({ index, stage, u, rows, firstRow, found, scratch }: StepParts): EncodingStep {
  const { dSae, selection, bEnc } = stage;
  const dIn = u.length / rows;
  const { active, ends } = found;
  const selectByScores = (scores: Float32Array): void => {
    const select = selectorOf(selection, bEnc);
    for (let start = 0; start < scores.length; start += dSae) {
      checkFinite(scores, start, stage, firstRow + found.rows);
      select(scores, start, active);
      ends[found.rows++] = active.length;
    }
  };
  return {
    stage: index,
    rows,
    u,
    selectByScores,
    selectAmongLargest(values, indices) {
      const ranked = ranking(selection);
      if (ranked === undefined) {
        throw new UsageError(`encoding: stage ${index} selects by ${selection.kind}, not by rank; give all scores`);
      }
      for (let start = 0; start < values.length; start += ranked.k) {
        for (let e = start; e < start + ranked.k; e++) {
          const value = ranked.valueOf(values[e]!);
          if (value !== 0) push(active, indices[e]!, value);
        }
        ends[found.rows++] = active.length;
      }
    },
    interpret(encoder, count = rows - found.rows) {
      const end = found.rows + count;
      const rowsAtOnce = Math.max(1, Math.min(INTERPRETED_ROWS, count, Math.floor(MAX_SCORES / dSae)));
      const scores = scratch(rowsAtOnce * dSae); // [rows at once, d_sae]
      while (found.rows < end) {
        const n = Math.min(rowsAtOnce, end - found.rows);
        affineScores(u.subarray(found.rows * dIn, (found.rows + n) * dIn), n, encoder, bEnc, scores);
        selectByScores(scores.subarray(0, n * dSae));
      }
    },
  };
}

/** Finite activations can still overflow a float32 score; NaN has no place in an order. */
function checkFinite(
  scores: Float32Array,
  start: number,
  { dSae, start: firstLatent }: PreparedStage,
  row: number,
): void {
  let poison = 0; // NaN and Inf make NaN
  let at = start;
  const end = start + dSae;
  for (; at + 4 <= end; at += 4) {
    poison += scores[at]! * 0 + scores[at + 1]! * 0 + (scores[at + 2]! * 0 + scores[at + 3]! * 0); // one chain waits for itself
  }
  for (; at < end; at++) poison += scores[at]! * 0;
  if (poison === 0) return;
  const j = scores.subarray(start, start + dSae).findIndex((score) => !Number.isFinite(score));
  throw new NonFiniteError(
    `encode: token row ${row}: the score of latent ${firstLatent + j} is ${scores[start + j]}; ` +
      "the activations are too large for float32",
  );
}
