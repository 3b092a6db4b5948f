/** What a person who looks at single latents wants to know of every one. */
import type { LatentContexts } from "./latent-contexts.ts";

export interface LatentTable extends LatentRecords {
  readonly neighbours: LatentNeighbours;
  /** The SAE it was made from, latent for latent, on the same tokens. Contexts are compared where both have them. */
  readonly reference?: LatentRecords & {
    /** For people. */
    readonly name: string;
  };
}

/** How the latents of an SAE fire. */
export interface LatentRecords {
  /** Tokens evaluated. */
  readonly tokens: number;
  /** `[d_sae]` tokens on which each latent fired. */
  readonly counts: ArrayLike<number>;
  /** `[d_sae]` largest value of each latent; 0 of those that never fired. */
  readonly largest: ArrayLike<number>;
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
