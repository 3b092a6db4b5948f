/** How often a few latents fire together, all pairs of them: the part of the table of all pairs that fits a heat map. */
import { orderByLikeness } from "./order-by-likeness.ts";
import type { LatentPair } from "./ranked-pairs.ts";

/** Jaccard indices among some latents, ordered so that those that fire together are neighbours. */
export interface JaccardAmong {
  /** `[m]`; none where no pair is listed. */
  readonly latents: Int32Array;
  /** `[m, m]`, symmetric, 1 on the diagonal. */
  readonly jaccard: Float64Array;
}

/** The first `most` different latents of a list of pairs; a pair counts only with both. */
export function latentsOfPairs(pairs: readonly LatentPair[], most: number): readonly number[] {
  const latents = new Set<number>();
  for (const { a, b } of pairs) {
    const more = [a, b].filter((latent) => !latents.has(latent));
    if (latents.size + more.length <= most) more.forEach((latent) => latents.add(latent));
  }
  return [...latents];
}

/**
 * @param latents different ones
 * @param firings as `tokenSample` keeps them: each token ended by a negative number
 */
export function jaccardAmong(latents: readonly number[], firings: Int32Array): JaccardAmong {
  const m = latents.length;
  const positions = new Map(latents.map((latent, p) => [latent, p]));
  const together = new Float64Array(m * m); // [m, m], firings of each on the diagonal
  let present: number[] = [];
  for (const latent of firings) {
    const position = positions.get(latent);
    if (position !== undefined) present.push(position);
    if (latent >= 0) continue;
    for (const p of present) for (const q of present) together[p * m + q]! += 1;
    present = [];
  }
  const jaccard = (p: number, q: number): number => {
    const both = together[p * m + q]!;
    return both / (together[p * m + p]! + together[q * m + q]! - both);
  };
  const order = orderByLikeness(m, jaccard);
  return {
    latents: Int32Array.from(order, (p) => latents[p]!),
    jaccard: Float64Array.from({ length: m * m }, (_, at) => jaccard(order[Math.floor(at / m)]!, order[at % m]!)),
  };
}
