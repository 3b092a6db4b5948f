/** Latents held densely, `[n, d_sae]`: for activations without a fixed number of active latents. */
import type { ForwardPass, Tensor, TensorOps } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import type { ActivationInput } from "./activation.ts";

/**
 * `h = (x - center) W_enc + b_enc`: `[n, d_sae]`. Its gradient to the center goes over db_enc, `-W_enc db_enc`, which saves
 * the matrix product `dh W_enc^T`; x has no gradient.
 */
export function preActivations(ops: TensorOps, { x, center, wEnc, bEnc }: ActivationInput): Tensor {
  if (!center) return ops.add(ops.matMul(x, wEnc), bEnc);
  return ops.customGrad(
    [wEnc, bEnc, center],
    () => {
      const u = ops.sub(x, center); // [n, d_in]
      return { value: ops.add(ops.matMul(u, wEnc), bEnc), saved: [u, wEnc] };
    },
    (dh, [u, w]) => {
      const dBEnc = ops.sum(dh, 0); // [d_sae]
      const dCenter = ops.neg(ops.reshape(ops.matMul(w!, ops.reshape(dBEnc, [-1, 1])), center.shape)); // [d_in]
      return [ops.matMul(u!, dh, true), dBEnc, dCenter];
    },
  );
}

/** @throws UsageError where latents are held as k per token */
export function denseLatents(latents: ForwardPass["latents"]): Tensor {
  if ("dtype" in latents) return latents;
  throw new UsageError("this constraint needs latents that are held densely; use it with relu or jumprelu");
}
