import type { Tensor, TensorOps } from "@qsae/core";
import type { Activated } from "./activation.ts";

/** Decoding and firing counts of latents held densely, `z [n, d_sae]`. */
export function denseActivated(ops: TensorOps, z: Tensor, wDec: Tensor): Pick<Activated, "decoded" | "fired"> {
  return { decoded: ops.matMul(z, wDec), fired: ops.sum(ops.greater(z, 0), 0) };
}
