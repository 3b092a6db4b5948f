import type { LatentCodes } from "./latent-codes.ts";

/** `E[z_i z_j]` over the calibration tokens for the latents of `block`, in its order: `[b, b]`. */
export function codeGram({ dSae, tokens, offsets, indices, values }: LatentCodes, block: Int32Array): Float64Array {
  const size = block.length;
  const place = new Int32Array(dSae).fill(-1);
  for (const [at, j] of block.entries()) place[j] = at;
  const gram = new Float64Array(size * size);
  const at = new Int32Array(size);
  const z = new Float64Array(size);
  for (let token = 0; token < tokens; token++) {
    let active = 0;
    for (let entry = offsets[token]!; entry < offsets[token + 1]!; entry++) {
      const p = place[indices[entry]!]!;
      if (p < 0) continue;
      at[active] = p;
      z[active++] = values[entry]!;
    }
    for (let a = 0; a < active; a++) {
      const [row, za] = [at[a]! * size, z[a]! / tokens];
      for (let b = 0; b < active; b++) gram[row + at[b]!]! += za * z[b]!;
    }
  }
  return gram;
}
