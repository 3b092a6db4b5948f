/** From latents to reconstructions, and counts of what fired, however the latents are held. */
import type { ForwardPass, Tensor, TensorOps } from "@qsae/core";
import { partOf } from "../levels/part-of.ts";

type Latents = ForwardPass["latents"];

/**
 * `z W_dec` with the first latents only, for each of the nested prefixes that end at `prefixEnds`. Each latent is decoded
 * once: a prefix is the one before and the ring of latents between the two ends.
 *
 * @param wDec `[d_sae, d_in]`
 * @param prefixEnds ascending, the last d_sae
 * @param joint whether gradients of a prefix reach the shorter ones in it
 * @returns one per prefix, `[n, d_in]`
 */
export function decodePrefixes(
  ops: TensorOps,
  latents: Latents,
  wDec: Tensor,
  prefixEnds: readonly number[],
  joint = true,
): Tensor[] {
  const prefixes: Tensor[] = [];
  for (const [i, end] of prefixEnds.entries()) {
    const begin = prefixEnds[i - 1] ?? 0;
    const ring = prefixEnds.length === 1 ? whole(ops, latents, wDec) : ringOf(ops, latents, wDec, begin, end);
    const before = prefixes.at(-1);
    prefixes.push(before ? ops.add(joint ? before : ops.detach(before), ring) : ring);
  }
  return prefixes;
}

function whole(ops: TensorOps, latents: Latents, wDec: Tensor): Tensor {
  return "dtype" in latents ? ops.matMul(latents, wDec) : ops.decodeSparse(latents, wDec);
}

/** What the latents `begin .. end` add. */
function ringOf(ops: TensorOps, latents: Latents, wDec: Tensor, begin: number, end: number): Tensor {
  if ("dtype" in latents) {
    const ring = { begin, size: end - begin };
    return ops.matMul(partOf(ops, latents, ring, "last"), partOf(ops, wDec, ring, "first"));
  }
  const { values, indices, dSae } = latents; // [n, k]
  const inRing = Float32Array.from({ length: dSae }, (_, j) => Number(j >= begin && j < end));
  const chosen = ops.gather(ops.tensor(inRing, [dSae, 1]), ops.reshape(ops.detach(indices), [-1])); // [n * k, 1]
  return ops.decodeSparse({ ...latents, values: ops.mul(values, ops.reshape(chosen, values.shape)) }, wDec);
}

/** Tokens that each latent fired on: `[d_sae]`. */
export function countFired(ops: TensorOps, latents: Latents): Tensor {
  return "dtype" in latents ? ops.sum(ops.greater(latents, 0), 0) : ops.countFired(latents);
}
