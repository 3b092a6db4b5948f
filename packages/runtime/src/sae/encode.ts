/** Encoding: a block of tokens through all stages at a time, so that memory does not grow with n * d_sae. */
import { NonFiniteError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import { addAtoms } from "./add-atoms.ts";
import { affineScores } from "./affine-scores.ts";
import { toStageSpace } from "./input-space.ts";
import { latentList, pushRange, type LatentList } from "./latent-list.ts";
import type { PreparedSae, PreparedStage } from "./prepare.ts";
import { selectorOf, type Selector } from "./select.ts";

/** Enough to use every encoder row 64 times while it is in cache; a block of activations stays in cache too. */
const BLOCK_TOKENS = 64;
/** Fewer tokens where the dictionary is wide: 16 MB of scores. */
const MAX_BLOCK_SCORES = 2 ** 22;

/** @param x `[n, d_in]` whose row 0 errors call `rowOfFirstToken` */
export function encodeTokens(sae: PreparedSae, x: Float32Array, rowOfFirstToken = 0): Latents {
  const { dIn, dSae } = sae;
  const tokens = x.length / dIn;
  const offsets = new Int32Array(tokens + 1);
  const all = latentList(0);
  const blockTokens = blockTokensOf(sae, tokens);
  const block = blockOf(sae, blockTokens);
  for (let first = 0; first < tokens; first += blockTokens) {
    const rows = Math.min(blockTokens, tokens - first);
    toStageSpace(sae, x, first, rows, block.x, rowOfFirstToken);
    encodeBlock(sae, block, rows, rowOfFirstToken + first);
    for (let row = 0; row < rows; row++) {
      for (const [s, { active, ends }] of block.stages.entries()) {
        pushRange(all, active, row === 0 ? 0 : ends[row - 1]!, ends[row]!, sae.stages[s]!.start);
      }
      offsets[first + row + 1] = all.length;
    }
  }
  return { dSae, offsets, indices: all.indices.slice(0, all.length), values: all.values.slice(0, all.length) };
}

/** Working memory of a block. */
interface Block {
  /** Transformed activations `[tokens, d_in]` */
  readonly x: Float64Array;
  /** Input of the current stage `[tokens, d_in]` */
  readonly u: Float64Array;
  /** `u - b_dec` `[tokens, d_in]` */
  readonly centred: Float64Array;
  /** `[tokens, d_sae]` of the widest stage */
  readonly scores: Float32Array;
  readonly stages: readonly BlockStage[];
}

interface BlockStage {
  readonly select: Selector;
  /** Latents of the block, indices within the stage. */
  readonly active: LatentList;
  /** `[tokens]`: end of each token's entries in `active`. */
  readonly ends: Int32Array;
}

function blockTokensOf({ stages }: PreparedSae, tokens: number): number {
  const widest = Math.max(...stages.map(({ dSae }) => dSae));
  return Math.max(1, Math.min(BLOCK_TOKENS, tokens, Math.floor(MAX_BLOCK_SCORES / widest)));
}

function blockOf({ dIn, stages }: PreparedSae, tokens: number): Block {
  return {
    x: new Float64Array(tokens * dIn),
    u: new Float64Array(tokens * dIn),
    centred: new Float64Array(tokens * dIn),
    scores: new Float32Array(tokens * Math.max(...stages.map(({ dSae }) => dSae))),
    stages: stages.map(({ selection, bEnc }) => ({
      select: selectorOf(selection, bEnc),
      active: latentList(tokens * 64),
      ends: new Int32Array(tokens),
    })),
  };
}

function encodeBlock(sae: PreparedSae, block: Block, rows: number, rowOfFirstToken: number): void {
  const { x, u, centred, scores } = block;
  for (const [s, stage] of sae.stages.entries()) {
    if (stage.input.kind === "x") u.set(x);
    else toResidual(sae.stages[s - 1]!, block.stages[s - 1]!, stage.input.factor, u, rows);
    if (stage.subtractBDec) subtractRow(u, stage.bDec, rows, centred);
    affineScores(stage.subtractBDec ? centred : u, rows, stage.encoder, stage.bEnc, scores);
    const { select, active, ends } = block.stages[s]!;
    active.length = 0;
    for (let row = 0; row < rows; row++) {
      checkFinite(scores, row * stage.dSae, stage, rowOfFirstToken + row);
      select(scores, row * stage.dSae, active);
      ends[row] = active.length;
    }
  }
}

/** `u <- factor * (u - xhat)` with the previous stage's output `xhat = z W_dec + b_dec`. */
function toResidual(
  { dictionary, bDec }: PreparedStage,
  { active, ends }: BlockStage,
  factor: number,
  u: Float64Array,
  rows: number,
): void {
  const dIn = bDec.length;
  subtractRow(u, bDec, rows, u);
  for (let row = 0; row < rows; row++) {
    addAtoms(u, row * dIn, dIn, dictionary, 0, active, row === 0 ? 0 : ends[row - 1]!, ends[row]!, -1);
  }
  for (let i = 0; i < rows * dIn; i++) u[i]! *= factor;
}

function subtractRow(u: Float64Array, row: Float32Array, rows: number, out: Float64Array): void {
  for (let r = 0, i = 0; r < rows; r++) for (let d = 0; d < row.length; d++, i++) out[i] = u[i]! - row[d]!;
}

/** Finite activations can still overflow a float32 score; NaN has no place in an order. */
function checkFinite(
  scores: Float32Array,
  start: number,
  { dSae, start: firstLatent }: PreparedStage,
  row: number,
): void {
  let poison = 0;
  for (let j = 0; j < dSae; j++) poison += scores[start + j]! * 0;
  if (poison === 0) return;
  const j = scores.subarray(start, start + dSae).findIndex((score) => !Number.isFinite(score));
  throw new NonFiniteError(
    `encode: token row ${row}: the score of latent ${firstLatent + j} is ${scores[start + j]}; ` +
      "the activations are too large for float32",
  );
}
