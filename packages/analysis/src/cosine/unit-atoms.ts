/**
 * Atoms as unit vectors, which turns cosines into dot products.
 *
 * Atoms are compared as they act on a reconstruction: quantized weights decoded, output weights, rotation and scale of the
 * input undone (`Sae.atom`), so that a rotated, packed SAE and the float one it came from can be compared.
 *
 * A zero atom (of a dropped latent, say) has no direction. Its cosine with every atom is 0 by definition, it is nobody's
 * nearest neighbour and has none.
 */
import { NonFiniteError, type Sae } from "@qsae/runtime";

/** A dictionary whose atoms are read one by one: any {@link Sae}. */
export type AtomSource = Pick<Sae, "dIn" | "dSae" | "atom">;

/** The non-zero atoms of a dictionary. */
export interface UnitAtoms {
  readonly dIn: number;
  /** `[count]` latent of each, ascending. */
  readonly latents: Int32Array;
  /** `[count, d_in]` rows of norm 1. */
  readonly rows: Float32Array;
}

/**
 * Non-zero atoms of `sae`, each divided by its norm (in float64).
 *
 * @param caller for the error
 * @throws NonFiniteError naming the latent whose atom holds NaN or Inf
 */
export function unitAtoms(caller: string, { dIn, dSae, atom }: AtomSource): UnitAtoms {
  const latents = new Int32Array(dSae);
  const rows = new Float32Array(dSae * dIn); // [d_sae, d_in], the first `count` rows filled
  let count = 0;
  for (let j = 0; j < dSae; j++) {
    const values = atom(j); // [d_in]
    let squares = 0;
    for (const value of values) squares += value * value; // float32 squares cannot overflow float64
    if (!Number.isFinite(squares)) {
      throw new NonFiniteError(`${caller}: the atom of latent ${j} holds NaN or Inf; check the SAE's weights`);
    }
    if (squares === 0) continue;
    const norm = Math.sqrt(squares);
    for (let c = 0; c < dIn; c++) rows[count * dIn + c] = values[c]! / norm;
    latents[count++] = j;
  }
  return { dIn, latents: latents.subarray(0, count), rows: rows.subarray(0, count * dIn) };
}
