/** Latents may come from anywhere (a page that steers, another process): checked before they index memory. */
import { NonFiniteError, UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";

/** @returns the number of tokens */
export function checkLatents({ dSae, offsets, indices, values }: Latents, expectedDSae: number): number {
  if (dSae !== expectedDSae) throw new UsageError(`latents: d_sae is ${dSae}; this SAE has ${expectedDSae}`);
  if (indices.length !== values.length) {
    throw new UsageError(`latents: ${indices.length} indices but ${values.length} values; expected one each`);
  }
  const tokens = offsets.length - 1;
  if (tokens < 0 || offsets[0] !== 0 || offsets[tokens] !== indices.length) {
    throw new UsageError(
      `latents: offsets must be [n + 1], start at 0 and end at ${indices.length}, the number of entries`,
    );
  }
  for (let token = 0; token < tokens; token++) {
    const begin = offsets[token]!;
    const end = offsets[token + 1]!;
    if (end < begin || end > indices.length) throw new UsageError(`latents: offsets descend at token ${token}`);
    let previous = -1;
    for (let e = begin; e < end; e++) {
      const index = indices[e]!;
      if (index <= previous || index >= dSae) {
        throw new UsageError(
          `latents: token ${token} has index ${index} after ${previous}; expected ascending, 0..${dSae - 1}`,
        );
      }
      if (!Number.isFinite(values[e])) {
        throw new NonFiniteError(`latents: token row ${token}: latent ${index} is ${values[e]}; values must be finite`);
      }
      previous = index;
    }
  }
  return tokens;
}
