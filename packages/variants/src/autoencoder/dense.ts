/** Latents held densely, `[n, d_sae]`: for activations without a fixed number of active latents. */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Activated, ActivationInput } from "./activation.ts";

/** `(x - center) W_enc + b_enc`: `[n, d_sae]`. */
export function preActivations(ops: TensorOps, { x, center, wEnc, bEnc }: ActivationInput): Tensor {
  return ops.add(ops.matMul(center ? ops.sub(x, center) : x, wEnc), bEnc);
}

/** Decoding and firing counts of z `[n, d_sae]`. */
export function denseActivated(ops: TensorOps, z: Tensor, wDec: Tensor): Pick<Activated, "decoded" | "fired"> {
  return { decoded: ops.matMul(z, wDec), fired: ops.sum(ops.greater(z, 0), 0) };
}
