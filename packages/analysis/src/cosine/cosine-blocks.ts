/**
 * All cosines of two sets of atoms, block by block: a block is one matrix product on the backend and a few MB on the host,
 * so that the whole `[d_sae, d_sae]` never exists.
 */
import { UsageError } from "@qsae/runtime";
import type { Tensor, TensorOps } from "@qsae/core";
import type { UnitAtoms } from "./unit-atoms.ts";

export interface CosineOptions {
  /** Atoms per side of a block; memory is 8 bytes times its square. Results depend on it by float32 rounding. Default 1024. */
  readonly blockAtoms?: number;
  /** Stops before the next block; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `values [rows, cols]`: cosines of atoms `firstRow..` of one set with atoms `firstCol..` of the other. */
export interface CosineBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstCol: number;
  readonly cols: number;
  readonly values: Float32Array;
}

/** Blocks in order of their rows, then of their columns. Cosines may exceed 1 by rounding. */
export async function* cosineBlocks(
  ops: TensorOps,
  a: UnitAtoms,
  b: UnitAtoms,
  { blockAtoms = 1024, signal }: CosineOptions,
): AsyncGenerator<CosineBlock> {
  if (!Number.isInteger(blockAtoms) || blockAtoms < 1) {
    throw new UsageError(`blockAtoms=${blockAtoms} is not a positive integer; give 1024 for blocks of 1024 x 1024`);
  }
  const sameAtoms = a === b; // only blocks on and above the diagonal
  const aBlocks = blocksOf(ops, a, blockAtoms);
  const bBlocks = sameAtoms ? aBlocks : blocksOf(ops, b, blockAtoms);
  try {
    for (const [i, left] of aBlocks.entries()) {
      for (const [j, right] of bBlocks.entries()) {
        if (sameAtoms && j < i) continue;
        signal?.throwIfAborted();
        const product = ops.matMul(left, right, false, true);
        const [rows, cols] = product.shape as [number, number];
        let values: Float32Array;
        try {
          values = (await ops.read(product)).data as Float32Array;
        } finally {
          ops.dispose(product);
        }
        yield { firstRow: i * blockAtoms, rows, firstCol: j * blockAtoms, cols, values };
      }
    }
  } finally {
    ops.dispose(aBlocks);
    if (!sameAtoms) ops.dispose(bBlocks);
  }
}

function blocksOf(ops: TensorOps, { latents, rows, dIn }: UnitAtoms, blockAtoms: number): readonly Tensor[] {
  const blocks: Tensor[] = [];
  for (let from = 0; from < latents.length; from += blockAtoms) {
    const to = Math.min(from + blockAtoms, latents.length);
    blocks.push(ops.tensor(rows.subarray(from * dIn, to * dIn), [to - from, dIn]));
  }
  return blocks;
}
