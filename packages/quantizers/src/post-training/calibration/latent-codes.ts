/** Sparse latents of the calibration tokens, ordered both ways: by token and by latent. */
import type { Latents } from "@qsae/runtime";

export interface LatentCodes extends Latents {
  readonly tokens: number;
  readonly byLatent: {
    /** `[d_sae + 1]`; latent j fires in the entries `offsets[j] .. offsets[j + 1]`. */
    readonly offsets: Int32Array;
    /** Ascending within a latent. */
    readonly tokens: Int32Array;
    readonly values: Float32Array;
  };
}

export function latentCodes(latents: Latents): LatentCodes {
  const { dSae, offsets, indices, values } = latents;
  const tokens = offsets.length - 1;
  const starts = new Int32Array(dSae + 1);
  for (const j of indices) starts[j + 1]!++;
  for (let j = 0; j < dSae; j++) starts[j + 1]! += starts[j]!;
  const next = starts.slice();
  const entryTokens = new Int32Array(indices.length);
  const entryValues = new Float32Array(indices.length);
  for (let token = 0; token < tokens; token++) {
    for (let entry = offsets[token]!; entry < offsets[token + 1]!; entry++) {
      const at = next[indices[entry]!]!++;
      entryTokens[at] = token;
      entryValues[at] = values[entry]!;
    }
  }
  return { ...latents, tokens, byLatent: { offsets: starts, tokens: entryTokens, values: entryValues } };
}

export interface LatentMoments {
  /** E[z] `[d_sae]` */
  readonly mean: Float64Array;
  /** E[z^2] `[d_sae]` */
  readonly meanSquare: Float64Array;
}

export function latentMoments({ dSae, tokens, byLatent: { offsets, values } }: LatentCodes): LatentMoments {
  const mean = new Float64Array(dSae);
  const meanSquare = new Float64Array(dSae);
  for (let j = 0; j < dSae; j++) {
    for (let entry = offsets[j]!; entry < offsets[j + 1]!; entry++) {
      mean[j]! += values[entry]! / tokens;
      meanSquare[j]! += values[entry]! ** 2 / tokens;
    }
  }
  return { mean, meanSquare };
}

/** Mean of an array; 0 of none. */
export function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}
