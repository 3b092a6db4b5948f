/**
 * GPTQ on the code Gram matrix (Frantar et al. 2023, "GPTQ", with latents in the place of inputs). A dictionary Q in the place
 * of W changes reconstructions by Z (W - Q), so with E = W - Q and H = E[z z^T] + lambda I it minimises
 *
 *     tr(E^T H E) = || R^T E ||^2,     H = R R^T, R upper triangular,
 *
 * whose row m is `R_mm E_m + sum_{i<m} R_im E_i`: atoms are rounded one after the other, the most used first, each towards
 * what makes up for the errors before it, `w_m + sum_{i<m} (R_im / R_mm) E_i`. That is GPTQ without its inverse.
 *
 * H is never larger than one block of latents. The blocks before are seen exactly, through the error they leave in the
 * reconstruction of every calibration token: a block starts from `W_b + H_bb^-1 Z_b^T (Z_before E_before) / N`. Memory is that of the
 * tokens and one block, whatever d_sae is.
 */
import type { TensorOps } from "@qsae/core";
import { codeGram } from "./calibration/code-gram.ts";
import { latentMoments, meanOf, type LatentCodes } from "./calibration/latent-codes.ts";
import type { CodedRow } from "./coded-rows.ts";
import { errorOf, roundBlock } from "./round-block.ts";
import { sharedGrids } from "./row-grids.ts";
import { quantizersOf, type RowQuantizers } from "./row-quantizers.ts";
import { solveWithFactor } from "./solve-with-factor.ts";
import { upperFactor } from "./upper-factor.ts";
import { addWeightedRows } from "./weighted-rows.ts";

export interface GptqOptions {
  /** Rows `[d_sae, d_in]` to be rounded. */
  readonly w: Float32Array;
  readonly dIn: number;
  readonly codes: LatentCodes;
  /** Of dropped latents the others make up for what they can. */
  readonly quantizer: RowQuantizers;
  /** Lambda as a share of the mean of E[z^2]. Default 0.1: 0.01 is as good, 1 is worse. */
  readonly damping?: number;
  /** Latents whose Gram matrix is held at once; 2048 take 32 MiB. Default 2048. */
  readonly blockLatents?: number;
}

/** Latents that never fire are rounded so many at a time. */
const DEAD_BLOCK = 64;

/** Rows by latent; undefined are those that have no quantizer. */
export async function gptq(ops: TensorOps, options: GptqOptions): Promise<(CodedRow | undefined)[]> {
  const { w, dIn, codes, quantizer, damping = 0.1, blockLatents = 2048 } = options;
  const { meanSquare } = latentMoments(codes);
  const lambda = damping * meanOf(meanSquare);
  const order = Int32Array.from(meanSquare.keys())
    .filter((j) => meanSquare[j]! > 0)
    .sort((a, b) => meanSquare[b]! - meanSquare[a]! || a - b);
  const quantizers = quantizersOf(quantizer, codes.dSae);
  const rows = new Array<CodedRow | undefined>(codes.dSae);
  /** What the atoms so far get wrong: `Z E [tokens, d_in]` */
  const residual = new Float32Array(blockLatents < order.length ? codes.tokens * dIn : 0);
  const shared = sharedGrids(ops, quantizers, w, dIn);
  try {
    for (let first = 0; first < order.length; first += blockLatents) {
      const block = order.subarray(first, first + blockLatents);
      const factor = codeGram(codes, block); // [b, b]
      for (let at = 0; at < factor.length; at += block.length + 1) factor[at]! += lambda;
      upperFactor(factor, block.length);
      const targets = gathered(w, block, dIn); // [b, d_in]
      if (first > 0) await makeUpFor(ops, residual, { codes, block, factor, targets, dIn });
      const ofBlock = Array.from(block, (j) => quantizers[j]);
      const chosen = await roundBlock(ops, { quantizers: ofBlock, targets, factor, dIn, shared });
      for (const [at, j] of block.entries()) {
        rows[j] = chosen[at];
        if (residual.length > 0) addError(residual, codes, j, errorOf(w.subarray(j * dIn, (j + 1) * dIn), chosen[at]));
      }
    }
    // Latents that never fire have no error to share: the factor of any number of them is the identity.
    const dead = Int32Array.from(meanSquare.keys()).filter((j) => meanSquare[j] === 0);
    for (let first = 0; first < dead.length; first += DEAD_BLOCK) {
      const block = dead.subarray(first, first + DEAD_BLOCK);
      const factor = identity(block.length);
      const ofBlock = Array.from(block, (j) => quantizers[j]);
      const targets = gathered(w, block, dIn); // [b, d_in]
      const chosen = await roundBlock(ops, { quantizers: ofBlock, targets, factor, dIn, shared });
      for (const [at, j] of block.entries()) rows[j] = chosen[at];
    }
  } finally {
    for (const grids of shared.values()) grids.dispose();
  }
  return rows;
}

function identity(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let at = 0; at < matrix.length; at += size + 1) matrix[at] = 1;
  return matrix;
}

function gathered(w: Float32Array, block: Int32Array, dIn: number): Float64Array {
  const out = new Float64Array(block.length * dIn);
  for (const [at, j] of block.entries()) out.set(w.subarray(j * dIn, (j + 1) * dIn), at * dIn);
  return out;
}

interface MakingUp {
  readonly codes: LatentCodes;
  readonly block: Int32Array;
  readonly factor: Float64Array;
  readonly targets: Float64Array;
  readonly dIn: number;
}

/** `targets += H_bb^-1 Z_b^T residual / N` */
async function makeUpFor(
  ops: TensorOps,
  residual: Float32Array,
  { codes, block, factor, targets, dIn }: MakingUp,
): Promise<void> {
  const shift = new Float64Array(block.length * dIn);
  for (const [at, j] of block.entries()) {
    addWeightedRows(shift.subarray(at * dIn, (at + 1) * dIn), residual, codes, j);
  }
  await solveWithFactor(ops, factor, block.length, shift, dIn);
  for (let i = 0; i < targets.length; i++) targets[i]! += shift[i]!;
}

/** `residual += z_j error` on the tokens where latent j fires. */
function addError(residual: Float32Array, { byLatent }: LatentCodes, j: number, error: Float64Array): void {
  const dIn = error.length;
  for (let entry = byLatent.offsets[j]!; entry < byLatent.offsets[j + 1]!; entry++) {
    const [z, to] = [byLatent.values[entry]!, byLatent.tokens[entry]! * dIn];
    for (let d = 0; d < dIn; d++) residual[to + d]! += z * error[d]!;
  }
}
