/** What a person who looks at single latents wants to know of every one. */
import type { LatentContexts } from "./latent-contexts.ts";

export interface LatentTable {
  /** Tokens evaluated. */
  readonly tokens: number;
  /** `[d_sae]` tokens on which each latent fired. */
  readonly counts: ArrayLike<number>;
  /** `[d_sae]` largest value of each latent; 0 of those that never fired. */
  readonly largest: ArrayLike<number>;
  readonly neighbours: LatentNeighbours;
  /** Absent where the data come without their tokens. */
  readonly contexts?: LatentContexts;
}

/** The atoms most like each atom, the most alike first. */
export interface LatentNeighbours {
  readonly perLatent: number;
  /** `[d_sae, perLatent]`; `NO_ATOM` where there are not so many. */
  readonly latents: Int32Array;
  /** `[d_sae, perLatent]` */
  readonly cosines: Float32Array;
}
