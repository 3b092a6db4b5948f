/** Decoding: `xhat = R^-1 (sum over stages of outputWeight * (z W_dec + b_dec) + u skip) / inputScale`, per token in float64. */
import type { Latents } from "../latents.ts";
import type { Level } from "../packed/levels.ts";
import { addAtoms } from "./add-atoms.ts";
import { fromStageSpace, toStageSpace } from "./input-space.ts";
import type { PreparedSae } from "./prepare.ts";

/**
 * @param latents checked
 * @param x `[n, d_in]`, where there is a skip connection
 * @param out `[n, d_in]`
 */
export function decodeTokens(
  sae: PreparedSae,
  latents: Latents,
  level: Level,
  x: Float32Array | undefined,
  out: Float32Array,
): void {
  const { dIn, skip } = sae;
  const { offsets, indices } = latents;
  const stages = sae.stages.slice(0, level.stages);
  const bias = new Float64Array(dIn); // [d_in]
  for (const { bDec, outputWeight } of stages) for (let d = 0; d < dIn; d++) bias[d]! += outputWeight * bDec[d]!;
  const sum = new Float64Array(dIn); // [d_in]
  const u = new Float64Array(dIn); // [d_in]
  for (let token = 0; token < offsets.length - 1; token++) {
    sum.set(bias);
    let e = offsets[token]!;
    for (const { start, dSae, dictionary, outputWeight } of stages) {
      const begin = e;
      const stageEnd = Math.min(start + dSae, level.end);
      while (e < offsets[token + 1]! && indices[e]! < stageEnd) e++;
      addAtoms(sum, 0, dIn, dictionary, start, latents, begin, e, outputWeight);
    }
    if (skip !== undefined && x !== undefined) {
      toStageSpace(sae, x, token, 1, u);
      addProduct(sum, u, skip);
    }
    fromStageSpace(sae, sum, out, token * dIn);
  }
}

/** `sum += u M`, M `[d_in, d_in]` */
function addProduct(sum: Float64Array, u: Float64Array, matrix: Float32Array): void {
  const dIn = u.length;
  for (let i = 0; i < dIn; i++) {
    const value = u[i]!;
    for (let d = 0; d < dIn; d++) sum[d]! += value * matrix[i * dIn + d]!;
  }
}
