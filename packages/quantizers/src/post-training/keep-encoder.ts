import type { TensorOps } from "@qsae/core";
import { weightsOf, type WorkingSae } from "./working-sae.ts";

/**
 * The SAE with another b_dec and the same latents: where the encoder subtracts b_dec, `b_enc += W_enc^T (b_new - b_old)` makes up
 * for the change.
 */
export async function withBDec(ops: TensorOps, sae: WorkingSae, bDec: Float32Array): Promise<WorkingSae> {
  if (!sae.subtractBDec) return { ...sae, bDec };
  const { dIn } = sae;
  const rows = await weightsOf(ops, sae, sae.encoder); // [d_sae, d_in]
  const bEnc = sae.bEnc.map((bias, j) => {
    let moved = bias;
    for (let d = 0; d < dIn; d++) moved += rows[j * dIn + d]! * (bDec[d]! - sae.bDec[d]!);
    return moved;
  });
  return { ...sae, bDec, bEnc };
}
