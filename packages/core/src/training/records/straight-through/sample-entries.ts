/** Which weights are compared: some of the latents that fire in the tokens, so that their losses depend on them. */
import { mixSeeds, seededRandom } from "../../../random.ts";
import { weightedDraw } from "../../step/weighted-draw.ts";

/** Keeps these draws apart from others of the same seed. */
const STREAM = 0x57e9;

export interface SampleOptions {
  readonly shape: readonly [rows: number, columns: number];
  /** The axis that counts latents. */
  readonly latentAxis: 0 | 1;
  /** Latents that are drawn. */
  readonly latents: number;
  /** Entries of each. */
  readonly entries: number;
  /** Of the run, the step and the matrix. */
  readonly seeds: readonly number[];
}

export interface Entry {
  readonly row: number;
  readonly column: number;
}

/**
 * Different entries, of different latents first: one of each latent, then the second ones. Latents are drawn by how often they
 * fire, entries of a latent evenly.
 *
 * @param fired tokens each latent fired on: `[d_sae]`
 */
export function sampleEntries(
  fired: ArrayLike<number>,
  { shape, latentAxis, latents, entries, seeds }: SampleOptions,
): readonly Entry[] {
  const seed = mixSeeds(STREAM, ...seeds);
  const drawn = weightedDraw(fired, latents, seed).map((latent) => {
    const width = shape[1 - latentAxis]!;
    const random = seededRandom(mixSeeds(seed, latent));
    const places = new Set<number>();
    while (places.size < Math.min(entries, width)) places.add(Math.floor(random() * width));
    return { latent, places: [...places] };
  });
  return Array.from({ length: entries }, (_, i) =>
    drawn.flatMap(({ latent, places }) => {
      const place = places[i];
      if (place === undefined) return [];
      return latentAxis === 0 ? [{ row: latent, column: place }] : [{ row: place, column: latent }];
    }),
  ).flat();
}
