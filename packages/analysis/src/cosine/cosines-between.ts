/**
 * Cosines between the atoms of two dictionaries over the same activations: what of one is in the other.
 *
 *     MMCS(A -> B) = 1 / |A| sum_i max_j cos(a_i, b_j)
 *
 * mean max cosine similarity, Sharkey, Braun & Millidge 2022, "Taking features out of superposition with sparse
 * autoencoders". It is not symmetric: a small dictionary may be found whole in a large one. Signs count, since latents are not
 * negative. Zero atoms count as 0.
 */
import { UsageError } from "@qsae/runtime";
import type { TensorOps } from "@qsae/core";
import { topEntries, type TopEntries } from "../top-entries.ts";
import { cosineBlocks, type CosineBlock, type CosineOptions } from "./cosine-blocks.ts";
import { CANDIDATES, greedyMatch, type AtomMatch } from "./greedy-match.ts";
import {
  checkThreshold,
  clipped,
  countAbove,
  finishNearest,
  startNearest,
  type NearestAtoms,
  type NearestSoFar,
} from "./nearest-atoms.ts";
import { unitAtoms, type AtomSource } from "./unit-atoms.ts";

export interface CosinesBetweenOptions extends CosineOptions {
  /** Atoms with a larger cosine are the same feature. From 0 to below 1; default 0.7 (Paulo & Belrose 2025, arXiv 2501.16615). */
  readonly sameAbove?: number;
}

/** The atoms of one dictionary looked up in the other. */
export interface AtomsFound {
  readonly nearest: NearestAtoms;
  /** Mean of the nearest cosines over all atoms of this side. */
  readonly mmcs: number;
  /** Share of the atoms of this side whose nearest cosine is above `sameAbove`. */
  readonly overlap: number;
  /** Atoms that are zero and so not found. */
  readonly zeroAtoms: number;
}

export interface CosinesBetween {
  readonly sameAbove: number;
  readonly aInB: AtomsFound;
  readonly bInA: AtomsFound;
  /** One-to-one, pairs above `sameAbove`. */
  readonly match: AtomMatch;
}

/**
 * Compares every atom of `a` with every atom of `b`: `|a| |b| d_in` multiply-adds on the backend, memory
 * `8 (|a| + |b|) d_in` bytes.
 *
 * @param ops of an open backend
 * @throws UsageError if the two are not of one width, or for options out of range
 * @throws NonFiniteError naming the latent whose atom holds NaN or Inf
 * @example
 * const { aInB, match } = await cosinesBetween(ops, loadSae(ternary), loadSae(float));
 * console.log(aInB.mmcs, match.a.length);
 */
export async function cosinesBetween(
  ops: TensorOps,
  a: AtomSource,
  b: AtomSource,
  { sameAbove = 0.7, ...options }: CosinesBetweenOptions = {},
): Promise<CosinesBetween> {
  checkThreshold("cosinesBetween", "sameAbove", sameAbove);
  if (a.dIn !== b.dIn) {
    throw new UsageError(
      `cosinesBetween: atoms of width d_in=${a.dIn} against d_in=${b.dIn}; compare SAEs of the same activations`,
    );
  }
  const aAtoms = unitAtoms("cosinesBetween, first SAE", a);
  const bAtoms = unitAtoms("cosinesBetween, second SAE", b);
  const aNearest = startNearest(aAtoms.latents.length);
  const bNearest = startNearest(bAtoms.latents.length);
  const candidates = topEntries(aAtoms.latents.length, CANDIDATES);
  const offered = new Int32Array(aAtoms.latents.length);
  for await (const block of cosineBlocks(ops, aAtoms, bAtoms, options)) {
    updateNearest(aNearest, bNearest, block);
    offerCandidates(candidates, offered, sameAbove, block);
  }
  const truncated = new Set([...offered.keys()].filter((i) => offered[i]! > CANDIDATES));
  return {
    sameAbove,
    aInB: found(aNearest, a.dSae, aAtoms.latents, bAtoms.latents, sameAbove),
    bInA: found(bNearest, b.dSae, bAtoms.latents, aAtoms.latents, sameAbove),
    match: greedyMatch(candidates.sorted(), truncated, aAtoms.latents, bAtoms.latents),
  };
}

function updateNearest(a: NearestSoFar, b: NearestSoFar, block: CosineBlock): void {
  const { firstRow, rows, firstCol, cols, values } = block;
  for (let r = 0, at = 0; r < rows; r++) {
    const i = firstRow + r;
    let best = a.cosine[i]!;
    let bestAt = a.position[i]!;
    for (let j = firstCol; j < firstCol + cols; j++, at++) {
      const value = values[at]!;
      if (value > best) {
        best = value;
        bestAt = j;
      }
      if (value > b.cosine[j]!) {
        b.cosine[j] = value;
        b.position[j] = i;
      }
    }
    a.cosine[i] = best;
    a.position[i] = bestAt;
  }
}

function offerCandidates(candidates: TopEntries, offered: Int32Array, above: number, block: CosineBlock): void {
  const { firstRow, rows, firstCol, cols, values } = block;
  for (let at = 0; at < rows * cols; at++) {
    if (values[at]! <= above) continue;
    const i = firstRow + Math.floor(at / cols);
    candidates.offer(i, clipped(values[at]!), firstCol + (at % cols));
    offered[i]! += 1;
  }
}

function found(soFar: NearestSoFar, dSae: number, from: Int32Array, to: Int32Array, sameAbove: number): AtomsFound {
  const nearest = finishNearest(soFar, dSae, from, to);
  return {
    nearest,
    mmcs: nearest.cosine.reduce((sum, cosine) => sum + cosine, 0) / dSae,
    overlap: countAbove(nearest.cosine, sameAbove) / dSae,
    zeroAtoms: dSae - from.length,
  };
}
