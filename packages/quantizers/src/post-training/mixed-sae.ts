/**
 * Mixed precision for a whole SAE: what its latents do on given activations says how many bits each atom gets
 * (`mixed/allocate-bits.ts`), atoms are rounded at their widths, and latents that never fire are dropped from the file.
 */
import type { Backend, DataSource, Quantizer } from "@qsae/core";
import { UsageError, type FloatMatrix, type PackedSae } from "@qsae/runtime";
import { allocateBits } from "../mixed/allocate-bits.ts";
import { atomImportance } from "../mixed/atom-importance.ts";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { measureWidths } from "../mixed/measure-widths.ts";
import { packMixed } from "../mixed/pack-mixed.ts";
import { quantizerOfWidth } from "../mixed/widths.ts";
import { latentMeanSquares } from "./calibration/mean-squares.ts";
import { interruptible } from "./interruptible.ts";
import { rotateSae } from "./rotate.ts";
import { roundToNearest } from "./round-to-nearest.ts";
import { weightsOf, workingSae } from "./working-sae.ts";

export interface QuantizeMixedOptions {
  /** Bits per weight of the dictionary, on average over all atoms: see {@link allocateBits}. */
  readonly budget: number;
  /** Absent: the encoder keeps its weights. Rounded before anything is measured. */
  readonly encoder?: Quantizer;
  /** Activations of the SAE's hook that are not used to evaluate. */
  readonly source: DataSource;
  /** Tokens that importance is measured on. A latent that fires on none of them is dropped. Default 100000, or all there are. */
  readonly importanceTokens?: number;
  /** Rotates the activations' space first, see {@link rotateSae}. Default false. */
  readonly rotate?: boolean;
  /** Of the sample and the rotation. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export interface MixedSae {
  readonly sae: PackedSae;
  /** Bits per code of every atom `[d_sae]`; 0 where it is dropped. */
  readonly bits: Float64Array;
  /** Latents that fired on none of the tokens. */
  readonly dead: readonly number[];
  /** Tokens that importance was measured on. */
  readonly tokens: number;
}

/**
 * @throws UsageError if the budget does not pay for the narrowest width, the data are of another width or no latent fires on
 *   them, or the SAE has several stages
 * @example
 * const { sae } = await quantizeMixed(backend, packed, { budget: 2, encoder: int(8), source });
 */
export async function quantizeMixed(
  backend: Backend,
  sae: PackedSae,
  options: QuantizeMixedOptions,
): Promise<MixedSae> {
  const { budget, encoder, source, importanceTokens = 100_000, rotate = false, seed = 0, signal } = options;
  const { ops } = interruptible(backend, signal);
  const given = rotate ? rotateSae(sae, seed) : sae;
  const encoded = await roundToNearest(ops, given, encoder ? { encoder } : {});
  const working = workingSae(encoded);
  const { dIn, dSae } = working;
  const { values: meanSquares, tokens } = await latentMeanSquares(ops, working, source, {
    tokens: importanceTokens,
    seed,
  });
  const values = await weightsOf(ops, working, working.dictionary);
  const dictionary: FloatMatrix = { kind: "float32", rows: dSae, cols: dIn, values };
  const importance = atomImportance(dictionary, meanSquares); // [d_sae]
  if (importance.every((value) => value === 0)) {
    throw new UsageError(`mixed precision: no latent fires on ${tokens} tokens; give activations of the SAE's hook`);
  }
  const w = { shape: [dSae, dIn], data: values };
  const bits = allocateBits(importance, { dIn, budget, widths: await measureWidths(ops, w) });
  const mixed = await packMixed(ops, w, Array.from(bits, quantizerOfWidth));
  const dead = [...meanSquares.keys()].filter((j) => meanSquares[j] === 0);
  const stages = [{ ...encoded.stages[0]!, dictionary: mixed }];
  return { sae: dropDeadLatents({ ...encoded, stages }, dead), bits, dead, tokens };
}
