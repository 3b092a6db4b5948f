/**
 * Cosines between the atoms of one dictionary: nearest neighbours, redundancy, and the distribution of all pairs.
 *
 *     cos(i, j) = d_i . d_j / (||d_i|| ||d_j||),    i < j
 */
import { UsageError } from "@qsae/runtime";
import type { TensorOps } from "@qsae/core";
import type { Histogram } from "../histogram.ts";
import type { LatentNeighbours } from "../latents/latent-table.ts";
import { cosineBlocks, type CosineBlock, type CosineOptions } from "./cosine-blocks.ts";
import { checkThreshold, countAbove, finishNearest, startNearest, type NearestAtoms } from "./nearest-atoms.ts";
import { neighbourSearch } from "./neighbour-search.ts";
import { unitAtoms, type AtomSource } from "./unit-atoms.ts";

export interface CosinesWithinOptions extends CosineOptions {
  /** Atoms with a larger cosine are redundant. From 0 to below 1; default 0.9. */
  readonly redundantAbove?: number;
  /** Bins of the histogram. Default 200: a hundredth each. */
  readonly bins?: number;
  /** Nearest atoms listed for every atom, 8 bytes each: 1 to 1000. Default: none are listed. */
  readonly neighbours?: number;
}

export interface CosinesWithin {
  readonly nearest: NearestAtoms;
  readonly redundantAbove: number;
  /** Pairs with a cosine above `redundantAbove`. */
  readonly redundantPairs: number;
  /** Atoms that are in such a pair. */
  readonly redundantAtoms: number;
  /** Cosines of all pairs of different non-zero atoms, between -1 and 1. */
  readonly histogram: Histogram;
  /** Atoms that are zero and so in no pair. */
  readonly zeroAtoms: number;
  /** Where they were asked for. */
  readonly neighbours?: LatentNeighbours;
}

const MOST_NEIGHBOURS = 1000;

/**
 * Compares every atom of an SAE with every other: `d_sae^2 d_in / 2` multiply-adds on the backend, memory
 * `8 d_sae d_in` bytes.
 *
 * @param ops of an open backend
 * @throws UsageError for options out of range
 * @throws NonFiniteError naming the latent whose atom holds NaN or Inf
 * @example
 * const { ops, close } = await openBackend("auto");
 * const { nearest, redundantPairs } = await cosinesWithin(ops, loadSae(packed));
 * console.log(nearest.latent[7], nearest.cosine[7]); // the atom most like that of latent 7
 */
export async function cosinesWithin(
  ops: TensorOps,
  sae: AtomSource,
  { redundantAbove = 0.9, bins = 200, neighbours, ...options }: CosinesWithinOptions = {},
): Promise<CosinesWithin> {
  checkThreshold("cosinesWithin", "redundantAbove", redundantAbove);
  if (!Number.isInteger(bins) || bins < 1)
    throw new UsageError(`cosinesWithin: bins=${bins} is not a positive integer`);
  if (neighbours !== undefined && !(Number.isInteger(neighbours) && neighbours >= 1 && neighbours <= MOST_NEIGHBOURS)) {
    throw new UsageError(`cosinesWithin: neighbours=${neighbours}; expected an integer of 1..${MOST_NEIGHBOURS}`);
  }
  const atoms = unitAtoms("cosinesWithin", sae);
  const search = neighbours === undefined ? undefined : neighbourSearch(atoms.latents.length, neighbours);
  const soFar = startNearest(atoms.latents.length);
  const counts = new Float64Array(bins);
  let redundantPairs = 0;
  for await (const block of cosineBlocks(ops, atoms, atoms, options)) {
    updateNearest(soFar, block);
    search?.update(block);
    redundantPairs += countPairs(counts, redundantAbove, block);
  }
  const nearest = finishNearest(soFar, sae.dSae, atoms.latents, atoms.latents);
  return {
    nearest,
    redundantAbove,
    redundantPairs,
    redundantAtoms: countAbove(nearest.cosine, redundantAbove),
    histogram: {
      edges: Array.from({ length: bins + 1 }, (_, bin) => -1 + (2 * bin) / bins),
      counts: [...counts],
      outside: 0,
    },
    zeroAtoms: sae.dSae - atoms.latents.length,
    ...(search && { neighbours: search.finish(sae.dSae, atoms.latents) }),
  };
}

/** A pair counts for both of its atoms. Blocks come so that an atom meets its partners in ascending order. */
function updateNearest({ position, cosine }: ReturnType<typeof startNearest>, block: CosineBlock): void {
  const { firstRow, rows, firstCol, cols, values } = block;
  for (let r = 0; r < rows; r++) {
    const i = firstRow + r;
    let best = cosine[i]!;
    let bestAt = position[i]!;
    for (let c = firstPartner(block, r), at = r * cols + c; c < cols; c++, at++) {
      const value = values[at]!;
      if (value > best) {
        best = value;
        bestAt = firstCol + c;
      }
      if (value > cosine[firstCol + c]!) {
        cosine[firstCol + c] = value;
        position[firstCol + c] = i;
      }
    }
    cosine[i] = best;
    position[i] = bestAt;
  }
}

/**
 * Adds the pairs of a block to the histogram; returns how many are above `above`. Four counters of every bin take turns: most
 * cosines are near 0, and an increment has to wait for the one before it if both are of one counter.
 */
function countPairs(counts: Float64Array, above: number, block: CosineBlock): number {
  const { rows, cols, values } = block;
  const last = counts.length - 1;
  const scale = counts.length / 2;
  const [first, second, third, fourth] = [0, 1, 2, 3].map(() => new Int32Array(counts.length)) as FourCounters;
  let pairs = 0;
  for (let r = 0; r < rows; r++) {
    const end = (r + 1) * cols;
    let at = r * cols + firstPartner(block, r);
    for (; at + 4 <= end; at += 4) {
      const a = values[at]!;
      const b = values[at + 1]!;
      const c = values[at + 2]!;
      const d = values[at + 3]!;
      first[Math.min(last, ((a + 1) * scale) | 0)]! += 1; // rounding below -1 truncates to 0
      second[Math.min(last, ((b + 1) * scale) | 0)]! += 1;
      third[Math.min(last, ((c + 1) * scale) | 0)]! += 1;
      fourth[Math.min(last, ((d + 1) * scale) | 0)]! += 1;
      if (a > above) pairs++;
      if (b > above) pairs++;
      if (c > above) pairs++;
      if (d > above) pairs++;
    }
    for (; at < end; at++) {
      first[Math.min(last, ((values[at]! + 1) * scale) | 0)]! += 1;
      if (values[at]! > above) pairs++;
    }
  }
  for (let bin = 0; bin <= last; bin++) counts[bin]! += first[bin]! + second[bin]! + third[bin]! + fourth[bin]!;
  return pairs;
}

type FourCounters = [Int32Array, Int32Array, Int32Array, Int32Array];

/** On the diagonal a pair is in the block twice and an atom meets itself. */
function firstPartner({ firstRow, firstCol }: CosineBlock, r: number): number {
  return firstRow === firstCol ? r + 1 : 0;
}
