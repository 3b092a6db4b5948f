/** Latents held densely, `[n, d_sae]`: for activations without a fixed number of active latents. */
import type { ForwardPass, Tensor, TensorOps } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import type { Activated, ActivationInput } from "./activation.ts";

/** `(x - center) W_enc + b_enc`: `[n, d_sae]`. */
export function preActivations(ops: TensorOps, { x, center, wEnc, bEnc }: ActivationInput): Tensor {
  return ops.add(ops.matMul(center ? ops.sub(x, center) : x, wEnc), bEnc);
}

/** Decoding and firing counts of z `[n, d_sae]`. */
export function denseActivated(
  ops: TensorOps,
  z: Tensor,
  wDec: Tensor,
): Pick<Activated, "decoded" | "fired" | "latents"> {
  return { decoded: ops.matMul(z, wDec), fired: ops.sum(ops.greater(z, 0), 0), latents: z };
}

/** @throws UsageError where latents are held as k per token */
export function denseLatents(latents: ForwardPass["latents"]): Tensor {
  if ("dtype" in latents) return latents;
  throw new UsageError("this constraint needs latents that are held densely; use it with relu or jumprelu");
}
