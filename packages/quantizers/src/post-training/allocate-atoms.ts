/** Bits for the atoms of an SAE, by what its latents do on given activations. */
import type { DataSource, TensorOps } from "@qsae/core";
import { UsageError, type FloatMatrix } from "@qsae/runtime";
import { allocateBits } from "../mixed/allocate-bits.ts";
import { atomImportance } from "../mixed/atom-importance.ts";
import { measureWidths } from "../mixed/measure-widths.ts";
import { latentMeanSquares } from "./calibration/mean-squares.ts";
import { weightsOf, type WorkingSae } from "./working-sae.ts";

export interface AllocateAtomsOptions {
  /** Bits per weight on average over all atoms: see {@link allocateBits}. */
  readonly budget: number;
  readonly source: DataSource;
  /** That importance is measured on, or all there are. */
  readonly tokens: number;
  readonly seed: number;
}

export interface AtomBits {
  /** Bits per code of every atom `[d_sae]`; 0 where it is dropped. */
  readonly bits: Float64Array;
  /** Latents that fired on none of the tokens. */
  readonly dead: readonly number[];
  /** Tokens that importance was measured on. */
  readonly importanceTokens: number;
}

/** @throws UsageError as `allocateBits` does, and if no latent fires */
export async function allocateAtoms(
  ops: TensorOps,
  sae: WorkingSae,
  { budget, source, tokens: wanted, seed }: AllocateAtomsOptions,
): Promise<AtomBits> {
  const { dIn, dSae } = sae;
  const { values: meanSquares, tokens } = await latentMeanSquares(ops, sae, source, { tokens: wanted, seed });
  const values = await weightsOf(ops, sae, sae.dictionary);
  const dictionary: FloatMatrix = { kind: "float32", rows: dSae, cols: dIn, values };
  const importance = atomImportance(dictionary, meanSquares); // [d_sae]
  if (importance.every((value) => value === 0)) {
    throw new UsageError(`mixed precision: no latent fires on ${tokens} tokens; give activations of the SAE's hook`);
  }
  const widths = await measureWidths(ops, { shape: [dSae, dIn], data: values });
  return {
    bits: allocateBits(importance, { dIn, budget, widths }),
    dead: [...meanSquares.keys()].filter((j) => meanSquares[j] === 0),
    importanceTokens: tokens,
  };
}
