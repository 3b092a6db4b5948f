import type { Selection } from "@qsae/runtime";
import type { TensorOps } from "@qsae/core";
import { weightsOf, type WorkingSae } from "./working-sae.ts";

/**
 * The SAE with another b_dec and the same latents: where the encoder subtracts b_dec, `b_enc += W_enc^T (b_new - b_old)` makes up
 * for the change, and for a gate's magnitudes, which do without b_enc, their bias does.
 */
export async function withBDec(ops: TensorOps, sae: WorkingSae, bDec: Float32Array): Promise<WorkingSae> {
  if (!sae.subtractBDec) return { ...sae, bDec };
  const { dIn } = sae;
  const rows = await weightsOf(ops, sae, sae.encoder); // [d_sae, d_in]
  const shift = Float64Array.from(sae.bEnc, (_, j) => {
    let sum = 0;
    for (let d = 0; d < dIn; d++) sum += rows[j * dIn + d]! * (bDec[d]! - sae.bDec[d]!);
    return sum;
  }); // [d_sae]
  const bEnc = sae.bEnc.map((bias, j) => bias + shift[j]!);
  return { ...sae, bDec, bEnc, selection: shifted(sae.selection, shift) };
}

/** The selection that gives the same values after `b_enc` has moved by `shift [d_sae]`, as the scores without it moved the other way. */
export function shifted(selection: Selection, shift: Float64Array): Selection {
  if (selection.kind !== "gate") return selection;
  const { magScale, magBias } = selection;
  return { ...selection, magBias: magBias.map((bias, j) => bias + magScale[j]! * shift[j]!) };
}
