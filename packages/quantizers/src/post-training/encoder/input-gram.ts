import type { Tensor, TensorOps } from "@qsae/core";
import type { CalibrationTokens } from "../calibration/tokens.ts";

/** Tokens whose products are summed in float32; the sums of blocks add up in float64. */
const BLOCK_TOKENS = 1024;

/** `E[u u^T]` of what the encoder sees, `u = x - center`: `[d_in, d_in]`. */
export async function inputGram(
  ops: TensorOps,
  { tokens, dIn, x }: CalibrationTokens,
  center?: Float32Array,
): Promise<Float64Array> {
  const gram = new Float64Array(dIn * dIn);
  for (let first = 0; first < tokens; first += BLOCK_TOKENS) {
    const n = Math.min(BLOCK_TOKENS, tokens - first);
    const product = ops.tidy((): Tensor => {
      const block = ops.tensor(x.subarray(first * dIn, (first + n) * dIn), [n, dIn]);
      const u = center ? ops.sub(block, ops.tensor(center, [dIn])) : block;
      return ops.matMul(u, u, true, false); // [d_in, d_in]
    });
    const { data } = await ops.read(product);
    ops.dispose(product);
    for (let at = 0; at < data.length; at++) gram[at]! += data[at]! / tokens;
  }
  // A backend may sum up the two halves in different orders.
  for (let a = 0; a < dIn; a++) for (let b = 0; b < a; b++) gram[a * dIn + b] = gram[b * dIn + a]!;
  return gram;
}
