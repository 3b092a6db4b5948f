/** The nearest neighbour of every atom: the one with the largest cosine. */
import { UsageError } from "@qsae/runtime";

export interface NearestAtoms {
  /** `[d_sae]` latent of the nearest atom, of equally near ones the lowest; {@link NO_ATOM} for zero atoms and where there is no other. */
  readonly latent: Int32Array;
  /** `[d_sae]` cosine with it, within -1..1; 0 where there is none. */
  readonly cosine: Float32Array;
}

/** In {@link NearestAtoms.latent}: there is none. */
export const NO_ATOM = -1;

/** The largest cosine so far of each of `count` atoms, and with which one. */
export interface NearestSoFar {
  readonly position: Int32Array;
  readonly cosine: Float32Array;
}

export function startNearest(count: number): NearestSoFar {
  return { position: new Int32Array(count).fill(NO_ATOM), cosine: new Float32Array(count).fill(-Infinity) };
}

/**
 * By latent, from positions among non-zero atoms.
 *
 * @param from latent of each atom that has a neighbour
 * @param to latent of each atom that can be one
 */
export function finishNearest(
  { position, cosine }: NearestSoFar,
  dSae: number,
  from: Int32Array,
  to: Int32Array,
): NearestAtoms {
  const nearest = { latent: new Int32Array(dSae).fill(NO_ATOM), cosine: new Float32Array(dSae) };
  from.forEach((latent, i) => {
    if (position[i] === NO_ATOM) return;
    nearest.latent[latent] = to[position[i]!]!;
    nearest.cosine[latent] = clipped(cosine[i]!);
  });
  return nearest;
}

/** A cosine as float32 products give it, without the excess of rounding. */
export function clipped(cosine: number): number {
  return Math.min(1, Math.max(-1, cosine));
}

export function countAbove(cosines: Float32Array, above: number): number {
  return cosines.reduce((count, cosine) => (cosine > above ? count + 1 : count), 0);
}

/** @throws UsageError unless `above` is a cosine that others can exceed */
export function checkThreshold(caller: string, name: string, above: number): void {
  if (above >= 0 && above < 1) return;
  throw new UsageError(`${caller}: ${name}=${above} is not a cosine that atoms can exceed; give 0 to below 1`);
}
