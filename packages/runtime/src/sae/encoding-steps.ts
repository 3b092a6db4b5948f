/**
 * Encoding, a block of tokens through all stages at a time, so that memory does not grow with n * d_sae. Everything but the
 * scores is computed here: whoever drives the steps computes those, with the interpreter or on a device.
 */
import { UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import { addAtoms } from "./add-atoms.ts";
import { encodingStep, type EncodingStep, type StageLatents } from "./encoding-step.ts";
import { toStageSpace } from "./input-space.ts";
import { latentList, pushRange } from "./latent-list.ts";
import type { PreparedSae, PreparedStage } from "./prepare.ts";

export interface StepOptions {
  /** Tokens that go through the stages at a time. */
  readonly blockTokens: number;
  /** What errors call row 0 of x. Default 0. */
  readonly rowOfFirstToken?: number;
}

/**
 * Yields the stages of every block in order. A step must have been given the latents of all its rows before the next one is
 * asked for.
 *
 * @param x `[n, d_in]`
 */
export function* encodingSteps(
  sae: PreparedSae,
  x: Float32Array,
  { blockTokens, rowOfFirstToken = 0 }: StepOptions,
): Generator<EncodingStep, Latents, undefined> {
  const { dIn, dSae } = sae;
  const tokens = x.length / dIn;
  const offsets = new Int32Array(tokens + 1);
  const all = latentList(0);
  const block = blockOf(sae, Math.min(blockTokens, tokens));
  for (let first = 0; first < tokens; first += blockTokens) {
    const rows = Math.min(blockTokens, tokens - first);
    toStageSpace(sae, x, first, rows, block.x, rowOfFirstToken);
    for (const [s, stage] of sae.stages.entries()) {
      const found = block.found[s]!;
      found.active.length = 0;
      found.rows = 0;
      const u = stageInput(sae.stages, s, block, rows);
      yield encodingStep({
        index: s,
        stage,
        u,
        rows,
        firstRow: rowOfFirstToken + first,
        found,
        scratch: block.scratch,
      });
      if (found.rows !== rows) {
        throw new UsageError(`encoding: stage ${s} was left with latents of ${found.rows} of its ${rows} tokens`);
      }
    }
    for (let row = 0; row < rows; row++) {
      for (const [s, { active, ends }] of block.found.entries()) {
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
  /** Of every stage. */
  readonly found: readonly StageLatents[];
  readonly scratch: (length: number) => Float32Array;
}

function blockOf({ dIn, stages }: PreparedSae, tokens: number): Block {
  return {
    x: new Float64Array(tokens * dIn),
    u: new Float64Array(tokens * dIn),
    centred: new Float64Array(stages.some(({ subtractBDec }) => subtractBDec) ? tokens * dIn : 0),
    found: stages.map(() => ({ active: latentList(tokens * 64), ends: new Int32Array(tokens), rows: 0 })),
    scratch: scratchMemory(),
  };
}

/** Made when it is first asked for: not every driver needs it. */
function scratchMemory(): (length: number) => Float32Array {
  let memory = new Float32Array();
  return (length) => {
    if (memory.length < length) memory = new Float32Array(length);
    return memory.subarray(0, length);
  };
}

/** What stage s multiplies by W_enc: `[rows, d_in]`. */
function stageInput(
  stages: readonly PreparedStage[],
  s: number,
  { x, u, centred, found }: Block,
  rows: number,
): Float64Array {
  const { input, subtractBDec, bDec } = stages[s]!;
  const length = rows * bDec.length;
  if (input.kind === "x") u.set(x);
  else toResidual(stages[s - 1]!, found[s - 1]!, input.factor, u, rows);
  if (!subtractBDec) return u.subarray(0, length);
  subtractRow(u, bDec, rows, centred);
  return centred.subarray(0, length);
}

/** `u <- factor * (u - xhat)` with the previous stage's output `xhat = z W_dec + b_dec`. */
function toResidual(
  { dictionary, bDec }: PreparedStage,
  { active, ends }: StageLatents,
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
